"""Random networks and settings off the beaten track: what few descriptions say but all may."""

from __future__ import annotations

import random
from typing import Any

import random_network
from random_hardware import Overrides, random_hardware
from random_network import Builder, DeadEnd, Tensor


def only_one(net: Builder, source: Tensor) -> None:
    """A network of one hardware layer."""
    rng = net.rng
    kind = rng.choice(("conv", "pooling", "fc", "grouped"))
    if kind == "conv":
        random_network.attempt(net, random_network.plain, source)
    elif kind == "grouped":
        random_network.attempt(net, random_network.grouped, source)
    elif kind == "pooling":
        random_network.attempt(net, random_network.pooling, source)
    else:
        classifier(net, source)


def classifier(net: Builder, source: Tensor) -> None:
    """Fully connected layers alone."""
    features = source.channels * source.height * source.width
    source = net.add("view", [source], (features, 1, 1))
    for wide in [net.rng.choice((3, 10, 100, 700)) for _ in range(net.rng.randint(1, 4))]:
        source = net.add("fc", [source], (wide, 1, 1), in_features=source.channels, out_features=wide)
        source = net.activate(source)


def pooled_first(net: Builder, source: Tensor) -> None:
    """A network whose first layer pools or resizes."""
    first = net.rng.choice((random_network.pooling, random_network.resized))
    source = random_network.attempt(net, first, source)
    for _ in range(net.rng.randint(1, 3)):
        source = random_network.attempt(net, random_network.plain, source)
    random_network.head(net, source)


def many_inputs(net: Builder, source: Tensor) -> None:
    """Sums of two branches of different depth, one after the other, each read twice."""
    source = random_network.attempt(net, random_network.plain, source)
    for _ in range(net.rng.randint(1, 3)):
        branches = []
        for _ in range(2):
            branch = source
            for _ in range(net.rng.randint(0, 3)):
                branch = net.activate(net.same(branch, source.channels))
            branches.append(branch)
        if branches[0] == branches[1]:
            branches[1] = net.same(source, source.channels)
        source = net.sum(*branches)
        if net.rng.random() < 0.5:
            source = net.sum(source, net.same(source, source.channels))
        if net.rng.random() < 0.4:
            source = random_network.attempt(net, random_network.pooling, source)
    random_network.head(net, source)


def pooled_branches(net: Builder, source: Tensor) -> None:
    """A sum of a strided convolution and a pooled branch."""
    source = random_network.attempt(net, random_network.plain, source)
    kernel = net.rng.choice((2, 3))
    if min(source.height, source.width) < kernel:
        raise DeadEnd
    sides = [(side - kernel) // 2 + 1 for side in (source.height, source.width)]
    pooled = net.add("pooling", [source], (source.channels, *sides), mode=net.rng.choice(("MAX", "AVE")),
                     kernel_size=kernel, stride=2)
    strided = net.convolution(source, source.channels, 3, 2, 0 if kernel == 3 else 1)
    pair = (pooled, strided) if net.rng.random() < 0.5 else (strided, pooled)
    random_network.head(net, net.activate(net.sum(*pair)))


def large(net: Builder, source: Tensor) -> None:
    """A large picture, brought down at once."""
    rng = net.rng
    kernel, stride = rng.choice(((7, 2), (7, 4), (11, 4), (3, 2), (5, 3)))
    source = net.convolution(source, rng.choice((8, 16, 64)), kernel, stride, kernel // 2)
    source = net.activate(net.normalise(source))
    source = net.add("pooling", [source], (source.channels, *((side + 2 - 3) // 2 + 1 for side in
                     (source.height, source.width))), mode="MAX", kernel_size=3, stride=2, padding=1)
    for _ in range(rng.randint(0, 3)):
        block = rng.choice((random_network.projection_block, random_network.identity_block,
                            random_network.grouped, random_network.plain))
        source = random_network.attempt(net, block, source)
    random_network.head(net, source)


FORMS = {only_one: 3, classifier: 2, pooled_first: 3, many_inputs: 4, pooled_branches: 3, large: 3}


def odd_network(rng: random.Random) -> dict[str, Any]:
    """A random network of an unusual form."""
    while True:
        form = rng.choices(list(FORMS), list(FORMS.values()))[0]
        sizes = (64, 96, 100, 160, 224) if form is large else (1, 5, 8, 9, 14, 16, 27)
        height = rng.choice(sizes)
        width = height if rng.random() < 0.6 else rng.choice(sizes)
        start = Tensor(-1, rng.choice((1, 2, 3, 6, 16)), height, width)
        bits = rng.choice((2, 4, 8, 11, 16))
        net = Builder(rng, start, rng.random() < 0.5, rng.choice((2, 3, 6, 9, 12)), bits, rng.random() < 0.5)
        try:
            form(net, start)
        except DeadEnd:
            continue
        return {
            "input_shape": [1, start.channels, start.height, start.width],
            "input": {"activation_scale": 1.0 / 255.0, "activation_bit": rng.choice((bits, 8))},
            "layers": net.layers,
        }


def odd_hardware(rng: random.Random) -> Overrides:
    """Random overrides with more of the keys that usually stay as they are."""
    values = random_hardware(rng)
    more = {
        "Device level": {"Write_Level": "4", "Write_Voltage": "0,1,2,3", "Write_Latency": "30",
                         "Device_Variation": "0", "Device_SAF": "1,9"},
        "Crossbar level": {"Wire_Resistance": "2.5", "Wire_Capacity": "1.5", "Load_Resistance": "300"},
        "Interface level": {"DAC_Area": "3.5", "DAC_Power": "0.002", "DAC_Precision": "3", "ADC_Area": "77",
                            "ADC_Power": "0.5", "ADC_Precision": "6", "ADC_Sample_Rate": "2",
                            "DAC_Sample_Rate": "3"},
        "Process element level": {"PE_inBuf_Size": rng.choice(("2", "64")), "PE_inBuf_Area": "99",
                                  "DFU_Buf_Size": "5", "DFU_Buf_Area": "6"},
        "Tile level": {"Tile_Adder_Level": "3", "Tile_ShiftReg_Level": "4", "Tile_outBuf_Area": "55",
                       "Tile_outBuf_Size": rng.choice(("8", "0.25")), "DFU_Buf_Size": "7",
                       "Pooling_shape": rng.choice(("1,1", "5,5", "2,4")),
                       "Inter_Tile_Bandwidth": "0.5", "Intra_Tile_Bandwidth": "3.3"},
        "Architecture level": {"LUT_Capacity": "2", "LUT_Area": "1", "LUT_Power": "3", "LUT_Bandwidth": "4",
                               "Buffer_ReadPower": "0.25", "Buffer_WritePower": "9"},
        "Algorithm Configuration": {"Weight_Polarity": "2"},
    }
    for section, keys in more.items():
        chosen = [key for key in keys if rng.random() < 0.2]
        if "Write_Level" in chosen or "Write_Voltage" in chosen:
            chosen += ["Write_Level", "Write_Voltage"]
        values[section] |= {key: keys[key] for key in chosen}
    # Most cases should get past the mesh and the pooling circuit, which reject much.
    if rng.random() < 0.8:
        values["Architecture level"]["Tile_Num"] = "96,96"
    if rng.random() < 0.8:
        values["Tile level"]["Pooling_unit_num"] = "64"
    return values
