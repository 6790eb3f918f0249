"""The package's classes in the places where the published simulator uses its own.

For each candidate case: the structure and the cells that `pimnas.mnsim` gives must be those of the
published interface, and the published cost models must compute the recorded figures from that
structure. Run it with a Python that has both PyTorch and pimnas.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import candidate
import inference
from cases import read_case, write_hardware_file
from reference_modules import Reference, load, quiet


def differences(expected: Any, got: Any, path: str = "") -> list[str]:
    """Where two nested values differ."""
    if isinstance(expected, np.ndarray) or isinstance(got, np.ndarray):
        same = np.shape(expected) == np.shape(got) and np.array_equal(expected, got)
        return [] if same else [f"{path}: arrays differ"]
    if isinstance(expected, dict) and isinstance(got, dict):
        keys = sorted(expected.keys() | got.keys(), key=str)
        lacks = [f"{path}.{key}: only in one" for key in keys if (key in expected) != (key in got)]
        shared = [key for key in keys if key in expected and key in got]
        return lacks + [d for key in shared for d in differences(expected[key], got[key], f"{path}.{key}")]
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(expected) != len(got):
            return [f"{path}: {len(expected)} and {len(got)} items"]
        pairs = enumerate(zip(expected, got))
        return [d for index, (e, g) in pairs for d in differences(e, g, f"{path}[{index}]")]
    return [] if expected == got else [f"{path}: {expected!r} and {got!r}"]


def costs(reference: Reference, structure: list[Any], config: str) -> dict[str, float]:
    """What the published cost models compute from a structure."""
    with quiet():
        mapping = reference.mapping.TCG(structure, config)
        given = {"NetStruct": structure, "SimConfig_path": config, "TCG_mapping": mapping}
        latency = reference.latency.Model_latency(**given)
        latency.calculate_model_latency(mode=1)
        area = reference.area.Model_area(**given)
        power = reference.power.Model_inference_power(**given)
        energy = reference.energy.Model_energy(
            **given, model_latency=latency, model_power=power
        )
        return {
            "latency_evaluate": max(max(latency.finish_time)) / 1e6,
            "area_evaluate": area.arch_total_area / 1e6,
            "power_evaluate": power.arch_total_power,
            "energy_evaluate": energy.arch_total_energy / 1e6,
        }


def check(reference: Reference, path: Path, base: Path, folder: Path) -> list[str]:
    """What differs in one case."""
    from MNSIM.Interface.awnas_interface import AWNASTrainTestInterface

    from pimnas import mnsim

    assert AWNASTrainTestInterface is mnsim.AWNASTrainTestInterface
    case = read_case(path)
    if "error" in case["expected"]:
        return []
    config = write_hardware_file(base, case["config_overrides"], folder / "SimConfig.ini")
    tensors = inference.case_tensors(case, path)
    net = candidate.candidate_net(case["mnsim_cfg"], tensors)
    asked = AWNASTrainTestInterface(None, net, config)
    structure = asked.get_structure()
    published = candidate.interface(reference, case, tensors, config)
    found = differences(published.get_structure(), structure, "structure")
    found += differences(published.get_net_bits(), asked.get_net_bits(), "bits")
    if found:
        return found
    for name, value in costs(reference, structure, config).items():
        expected = case["expected"][name]
        if abs(value - expected) > 1e-9 * abs(expected):
            found.append(f"{name}: {expected} and {value}")
    return found


def main() -> int:
    """Compare every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--case", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    reference = load(arguments.reference)
    from pimnas import mnsim

    mnsim.install()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="pimnas-drop-in-") as folder:
        for path in arguments.case:
            found = check(reference, path, arguments.config, Path(folder))
            wrong += bool(found)
            print(f"{path.stem}: " + ("; ".join(found[:5]) if found else "the same"))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
