"""Random hardware overrides for fresh cases."""

from __future__ import annotations

import random

Overrides = dict[str, dict[str, str]]

RESISTANCES: dict[int, str] = {
    2: "1e7,5000",
    3: "1e7,20000,10000",
    4: "1e7,10000,5000,3333",
    8: "1e7,70000,35000,23333,17500,14000,11667,10000",
    16: "1e7,150000,75000,50000,37500,30000,25000,21428,18750,16666,15000,13636,12500,11538,"
        "10714,10000",
}
TECHNOLOGIES = (28, 45, 55, 65, 90, 130)


def rarely(rng: random.Random, chance: float, odd: tuple, usual: tuple) -> str:
    """One of the usual values, or with some chance an odd one."""
    return str(rng.choice(odd if rng.random() < chance else usual))


def device(rng: random.Random) -> dict[str, str]:
    """The memory cell."""
    level = rng.choices((2, 3, 4, 8, 16), (6, 1, 6, 3, 3))[0]
    values = {"Device_Level": str(level), "Device_Resistance": RESISTANCES[level]}
    if rng.random() < 0.4:
        values["Device_Tech"] = str(rng.choice((22, 32, 45, 65)))
        values["Device_Area"] = str(rng.choice((0.2, 0.9, 2.5)))
        values["Read_Latency"] = str(rng.choice((1.5, 3.16, 10, 50)))
    voltages = rng.choices(("0,0.5", "0,1", "0.1,0.6", "0,0.3", "0,0.25,0.5"), (5, 2, 2, 2, 1))[0]
    values["Read_Voltage"] = voltages
    values["Read_Level"] = str(len(voltages.split(",")))
    return values


def crossbar(rng: random.Random) -> tuple[dict[str, str], int, int]:
    """The crossbar, and its rows and columns."""
    sizes, odd = (64, 128, 128, 256, 256, 512), (32, 48, 50, 100, 200, 300, 1024)
    rows = int(rarely(rng, 0.12, odd, sizes))
    columns = rows if rng.random() < 0.6 else int(rarely(rng, 0.15, odd, sizes))
    values = {
        "Xbar_Size": f"{rows},{columns}",
        "Cell_Type": rng.choice(("0T1R", "1T1R")),
        "Area_Calculation": rng.choice(("0", "1")),
        "Transistor_Tech": rarely(rng, 0.3, (28, 45, 90, 130), (65,)),
    }
    if rng.random() < 0.1:
        values["Load_Resistance"] = "5000"
    return values, rows, columns


def converters(rng: random.Random) -> dict[str, str]:
    """DAC and ADC: from the tables or the user's own."""
    values = {
        "DAC_Choice": rarely(rng, 0.015, (7,), (-1, 1, 2, 3, 4, 5, 6)),
        "ADC_Choice": str(rng.choice((-1, 1, 2, 3, 4, 5, 6, 7))),
    }
    if values["ADC_Choice"] == "-1":
        values |= {"ADC_Area": str(rng.choice((300, 1234.5))), "ADC_Power": "0.0021",
                   "ADC_Precision": str(rng.choice((5, 7, 9, 12))), "ADC_Sample_Rate": "1.17"}
    if values["DAC_Choice"] == "-1":
        values |= {"DAC_Area": "0.7", "DAC_Power": "1.1e-05", "DAC_Sample_Rate": "0.9",
                   "DAC_Precision": str(rng.choice((1, 2, 3, 5, 9)))}
    return values


def process_element(rng: random.Random, rows: int, columns: int) -> dict[str, str]:
    """Groups, converters a group, and the input buffer."""
    dac = max(1, rows // rng.choice((1, 2, 4, 8, 16)))
    adc = max(1, columns // rng.choice((1, 4, 8, 16, 32, 64)))
    values = {
        "Xbar_Polarity": rng.choice(("1", "2", "2")),
        "Sub_Position": rng.choice(("0", "0", "1")),
        "Group_Num": rarely(rng, 0.15, (0, 3, 5, 32), (1, 2, 4, 8, 16)),
        "DAC_Num": rarely(rng, 0.2, (3, 7, 24, 100, 2000), (dac,)),
        "ADC_Num": rarely(rng, 0.2, (3, 5, 12, 100, 2000), (adc,)),
    }
    if rng.random() < 0.02:
        values[rng.choice(("DAC_Num", "ADC_Num"))] = "0"
    for key, sizes in {"PE_inBuf_Size": (0.5, 1, 3, 16, 64, 300), "Tile_outBuf_Size": (1, 4, 20, 128)}.items():
        if rng.random() < 0.15:
            values[key] = str(rng.choice(sizes))
    for key in ("PE_inBuf_Area", "Tile_outBuf_Area"):
        if rng.random() < 0.08:
            values[key] = str(rng.choice((500.0, 12345.6)))
    return values


def digital(rng: random.Random) -> dict[str, str]:
    """Clock, technologies, and the user's own areas and powers."""
    values = {"Digital_Frequency": str(rng.choice((100, 200, 333, 500, 1000)))}
    for name in ("Adder", "ShiftReg", "Reg", "JointModule"):
        if rng.random() < 0.5:
            values[f"{name}_Tech"] = str(rng.choice(TECHNOLOGIES))
        if rng.random() < 0.1:
            values[f"{name}_Area"] = str(rng.choice((11.0, 250.5)))
        if rng.random() < 0.1:
            values[f"{name}_Power"] = str(rng.choice((0.003, 0.0001)))
    return values


def tile(rng: random.Random) -> dict[str, str]:
    """PEs a tile, pooling, bandwidths; the counts that a user may also set."""
    values = {
        "PE_Num": rarely(rng, 0.02, ("0,0",), ("1,1", "2,2", "2,2", "3,3", "4,4", "2,4", "1,3", "5,2", "1,8")),
        "Pooling_shape": rng.choice(("0,0", "2,2", "3,3", "3,2", "4,4")),
        "Pooling_unit_num": rarely(rng, 0.05, (16, 32, 128), (0, 64)),
        "Pooling_Tech": rarely(rng, 0.35, (0, 28, 45, 90), (65,)),
        "Inter_Tile_Bandwidth": str(rng.choice((5, 20, 64, 7.5))),
        "Intra_Tile_Bandwidth": str(rng.choice((256, 1024, 100))),
    }
    if rng.random() < 0.1:
        values["Pooling_area"] = "4321.0"
    if rng.random() < 0.1:
        values |= {"Tile_Adder_Num": "7", "Tile_ShiftReg_Num": "9", "Tile_outBuf_Size": "32"}
    return values


def architecture(rng: random.Random) -> dict[str, str]:
    """Buffers, and the grid of tiles with its placement order."""
    order = rng.choice((0, 1, 2, 3))
    oblong = ("48,80", "60,40", "100,30", "30,100", "25,64")
    square = ("32,32", "48,48", "64,64", "64,64", "96,96", "0,0", "33,33")
    grid = rarely(rng, 0.4 if order < 2 else 0.04, oblong, square)
    if rng.random() < 0.06:
        grid = rng.choice(("1,1", "2,2", "3,3", "4,4", "2,7", "1,20", "20,1"))
    values = {
        "Buffer_Choice": rng.choice(("1", "1", "2", "3")),
        "Buffer_Technology": rarely(rng, 0.1, (28, 130, 75), (0, 32, 45, 65, 90)),
        "Buffer_Bitwidth": rarely(rng, 0.1, (16, 100, 512), (0, 32, 64, 128, 256)),
        "Tile_Connection": str(order),
        "Tile_Num": grid,
    }
    if rng.random() < 0.08:
        values |= {"Buffer_ReadPower": "1.5", "Buffer_WritePower": "2.5"}
    return values


def random_hardware(rng: random.Random) -> Overrides:
    """Random overrides by section."""
    xbar, rows, columns = crossbar(rng)
    return {
        "Device level": device(rng),
        "Crossbar level": xbar,
        "Interface level": converters(rng),
        "Process element level": process_element(rng, rows, columns),
        "Digital module": digital(rng),
        "Tile level": tile(rng),
        "Architecture level": architecture(rng),
        "Algorithm Configuration": {"Simulation_Level": rng.choice(("0", "0", "0", "1"))},
    }
