"""The four hardware metrics of a network, computed by the reference."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cases import Case, error_record, hardware_file, split_network
from reference_modules import Reference, quiet

TIMES = (
    "buffer", "buffer_r", "buffer_w", "computing", "DAC", "xbar", "ADC", "digital", "iReg",
    "input_demux", "output_mux", "shiftreg", "adder", "oReg", "jointmodule", "pooling",
    "intra_tile", "inter_tile", "tile_merge", "tile_transfer",
)
AREA_PARTS = (
    "xbar", "ADC", "DAC", "digital", "adder", "shiftreg", "iReg", "oReg", "input_demux",
    "output_mux", "jointmodule", "buf", "pooling",
)
POWER_PARTS = AREA_PARTS[:-1] + ("buf_r", "buf_w", "pooling")
ENERGY_PARTS = tuple(part for part in POWER_PARTS if part != "oReg")


@dataclass(frozen=True)
class Evaluation:
    """The reference's model objects of one run."""

    mapping: Any
    latency: Any
    area: Any
    power: Any
    energy: Any

    def metrics(self) -> dict[str, float]:
        """The four numbers that a search looks at."""
        return {
            "latency_ms": total_latency_ns(self.latency) / 1e6,
            "area_mm2": self.area.arch_total_area / 1e6,
            "power_W": self.power.arch_total_power,
            "energy_mJ": self.energy.arch_total_energy / 1e6,
        }


def total_latency_ns(latency: Any) -> float:
    """The latency as the reference states it.

    It compares the layers' lists of finish times lexicographically and takes the latest entry of
    the greatest list: the layer whose first output comes last, not the last output of any layer.
    """
    return max(max(latency.finish_time))


def structure(reference: Reference, network: dict[str, Any], config: str) -> list:
    """The layer structure that the reference derives from a network and a hardware file."""
    settings = reference.utils.load_sim_config(config, None)
    facade = object.__new__(reference.interface.TrainTestInterface)
    facade.hardware_config, facade.xbar_column, facade.tile_row, facade.tile_column = settings
    facade.net = reference.network.NetworkGraph(facade.hardware_config, *split_network(network))
    return facade.get_structure()


def evaluate(
    reference: Reference,
    layers: list,
    config: str,
    *,
    pipelined: bool,
    multiple: list[int] | None = None,
) -> Evaluation:
    """Mapping, latency, area, power and energy, in the order of the reference's command."""
    mapping = reference.mapping.TCG(
        layers, config, disable_pipeline=not pipelined, multiple=multiple
    )
    shared = {"NetStruct": layers, "SimConfig_path": config, "TCG_mapping": mapping}
    latency = reference.latency.Model_latency(multiple=multiple, **shared)
    if pipelined:
        latency.calculate_model_latency(mode=1)
    else:
        latency.calculate_model_latency_nopipe()
    area = reference.area.Model_area(**shared)
    power = reference.power.Model_inference_power(**shared)
    energy = reference.energy.Model_energy(model_latency=latency, model_power=power, **shared)
    return Evaluation(mapping, latency, area, power, energy)


def mapping_record(mapping: Any) -> dict[str, Any]:
    """`expected.mapping`."""
    return {
        "layers": [dict(layer) for layer in mapping.layer_tileinfo],
        "used_tile_num": mapping.used_tile_num,
        "max_inbuf_size_KB": mapping.max_inbuf_size,
        "max_outbuf_size_KB": mapping.max_outbuf_size,
        "global_buf_size_KB": mapping.global_buf_size,
        "global_adder_num": mapping.global_adder_num,
        "global_adder_bitwidth": mapping.global_adder_bitwidth,
        "in_layer_distance": list(mapping.inLayer_distance[0]),
        "trans_layer_distance": list(mapping.transLayer_distance[0]),
    }


def latency_record(latency: Any) -> dict[str, Any]:
    """`expected.latency_pipelined` or `expected.latency_no_pipeline`."""
    layers = []
    for index, (begin, finish) in enumerate(zip(latency.begin_time, latency.finish_time)):
        row = {
            "begin_ns": min(begin),
            "finish_ns": max(finish),
            "first_finish_ns": finish[0],
            "outputs": len(finish),
            "occupancy": latency.occupancy[index],
        }
        row |= {name: getattr(latency, f"total_{name}_latency")[index] for name in TIMES}
        layers.append(row)
    return {"total_ns": total_latency_ns(latency), "layers": layers}


def breakdown(model: Any, quantity: str, parts: tuple[str, ...]) -> dict[str, Any]:
    """Total, parts and layers of area, power or energy."""
    return {
        "total": getattr(model, f"arch_total_{quantity}"),
        "modules": {part: getattr(model, f"arch_total_{part}_{quantity}") for part in parts},
        "layers": list(getattr(model, f"arch_{quantity}")),
    }


def area_record(area: Any) -> dict[str, Any]:
    """`expected.area_um2`."""
    used = {name: getattr(area, f"arch_total_{name}_utilization") for name in ("xbar", "DAC", "ADC")}
    used["xbar_layers"] = list(area.arch_xbar_utilization)
    return breakdown(area, "area", AREA_PARTS) | {"utilization": used}


def no_pipeline_record(run: Evaluation) -> dict[str, float]:
    """`expected.no_pipeline`."""
    return {
        "area_um2": run.area.arch_total_area,
        "power_W": run.power.arch_total_power,
        "energy_nJ": run.energy.arch_total_energy,
        "max_inbuf_size_KB": run.mapping.max_inbuf_size,
        "max_outbuf_size_KB": run.mapping.max_outbuf_size,
    }


def plain(value: Any) -> Any:
    """Replace numpy scalars and arrays by what JSON knows."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist())
    return value


def expected_metrics(reference: Reference, case: Case, config: str) -> dict[str, Any]:
    """The whole `expected` object of one network case; raises what the reference raises."""
    layers = structure(reference, case["network"], config)
    multiple = case.get("multiple")
    run = evaluate(reference, layers, config, pipelined=True, multiple=multiple)
    slow = evaluate(reference, layers, config, pipelined=False, multiple=multiple)
    return plain({
        "mapping": mapping_record(run.mapping),
        "latency_pipelined": latency_record(run.latency),
        "area_um2": area_record(run.area),
        "power_W": breakdown(run.power, "power", POWER_PARTS),
        "energy_nJ": breakdown(run.energy, "energy", ENERGY_PARTS),
        "latency_no_pipeline": latency_record(slow.latency),
        "no_pipeline": no_pipeline_record(slow),
        "metrics": run.metrics(),
    })


def innermost_frame(error: BaseException, folder: Path) -> str:
    """Where inside the reference an error was raised, as `file:line in function`."""
    inside = [
        frame for frame in traceback.extract_tb(error.__traceback__)
        if str(folder.resolve()) in frame.filename
    ]
    if not inside:
        return "outside the reference"
    last = inside[-1]
    return f"{Path(last.filename).name}:{last.lineno} in {last.name}"


def record_case(
    reference: Reference, case: Case, base: Path, folder: Path
) -> tuple[dict[str, Any], str | None]:
    """`expected` of a network case, and where the reference raised if it did."""
    try:
        with hardware_file(base, case["config_overrides"]) as config, quiet():
            return expected_metrics(reference, case, config), None
    except Exception as error:  # noqa: BLE001 - any error of the reference is a result here
        return error_record(error), innermost_frame(error, folder)
