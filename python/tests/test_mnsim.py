"""The drop-in module beside the candidate's class."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases import HERE, candidates, with_tensors

from pimnas import Hardware, Network, simulate
from pimnas.mnsim import (
    AWNASTrainTestInterface,
    TrainTestInterface,
    install,
    modify_sim_config,
    uninstall,
)

IDS = {"xbar_size": "a", "dac_choice": "b", "adc_choice": "c", "cell_bit": "d"}


def test_the_hardware_point_of_a_rollout(tmp_path: Path) -> None:
    base = HERE / "SimConfig.ini"
    path = modify_sim_config(base, tmp_path / "new", IDS, {"a": 64, "b": 1, "c": 7, "d": 2})
    hardware = Hardware.from_file(path)
    expected = {
        "Crossbar level/Xbar_Size": "64,64",
        "Process element level/DAC_Num": "16",
        "Process element level/ADC_Num": "2",
        "Interface level/DAC_Choice": "1",
        "Interface level/ADC_Choice": "7",
        "Device level/Device_Level": "4",
    }
    assert {key: hardware.get(key) for key in expected} == expected
    levels = hardware.get("Device level/Device_Resistance")
    assert levels is not None and len(levels.split(",")) == 4
    assert Path(path).parent == tmp_path / "new"
    other = modify_sim_config(base, tmp_path / "new", IDS, {"a": 128, "b": 1, "c": 7, "d": 1})
    same = modify_sim_config(base, tmp_path / "new", IDS, {"a": 64, "b": 1, "c": 7, "d": 2})
    assert same == path != other
    assert len(list((tmp_path / "new").iterdir())) == 2, "no temporary file is left"


def test_the_alias_resolves_in_a_process_without_the_reference() -> None:
    code = (
        "import pimnas.mnsim; pimnas.mnsim.install(); pimnas.mnsim.install()\n"
        "from MNSIM.Interface.awnas_interface import AWNASTrainTestInterface as A\n"
        "from MNSIM.Interface.interface import TrainTestInterface as T\n"
        "import MNSIM.Interface.awnas_interface as module\n"
        "assert A is pimnas.mnsim.AWNASTrainTestInterface is module.AWNASTrainTestInterface\n"
        "assert T is pimnas.mnsim.TrainTestInterface and issubclass(A, T)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_alias_replaces_two_modules_of_an_installed_package(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "MNSIM" / "Interface"
    package.mkdir(parents=True)
    for file in (package.parent / "__init__.py", package / "__init__.py"):
        file.write_text("", encoding="utf-8")
    (package / "data.py").write_text("ANSWER = 42\n", encoding="utf-8")
    (package / "interface.py").write_text("raise ImportError\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        install()
        from MNSIM.Interface.awnas_interface import AWNASTrainTestInterface as found
        from MNSIM.Interface.data import ANSWER

        assert found is AWNASTrainTestInterface and ANSWER == 42
    finally:
        uninstall()
    assert "MNSIM.Interface.awnas_interface" not in sys.modules
    for name in [name for name in sys.modules if name.split(".")[0] == "MNSIM"]:
        del sys.modules[name]


@pytest.mark.parametrize("case", with_tensors()[:4], ids=lambda case: case.name)
def test_cells_put_back_change_nothing(case, tmp_path: Path) -> None:
    asked = AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path))
    bits = asked.get_net_bits()
    weighted = ["weight_info" in layer for layer in case.layers]
    assert [of_layer is not None for of_layer in bits] == weighted
    inputs = case.tensors["input"]
    expected = asked.hardware_evaluate(inputs).argmax(axis=1)
    asked.test_loader = [(inputs, expected)]
    assert asked.set_net_bits_evaluate(bits) == 1.0
    for of_layer in filter(None, bits):
        for array in of_layer.values():
            array *= 0
    outputs_of_nothing = asked.set_net_bits_evaluate(bits)
    assert outputs_of_nothing == np.mean(expected == 0) or outputs_of_nothing < 1.0


def test_digits_give_the_weights_back(tmp_path: Path) -> None:
    case = with_tensors()[0]
    asked = AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path))
    base = 2 ** asked.hardware_config["weight_bit"]
    for index, of_layer in enumerate(asked.get_net_bits()):
        if of_layer is None:
            continue
        info = case.layers[index]["weight_info"]
        step = info["scale"] / (2 ** (info["bit"] - 1) - 1)
        splits = 1 + max(int(name[len("split") :].split("_")[0]) for name in of_layer)
        parts = []
        for split in range(splits):
            digits = [n for n in of_layer if n.startswith(f"split{split}_") and "positive" in n]
            signed = [of_layer[n] - of_layer[n.replace("positive", "negative")] for n in digits]
            parts.append(sum(base**digit * values for digit, values in enumerate(signed)))
        weights = np.concatenate(parts, axis=1) * step
        expected = case.tensors[f"param.{index}.weight"]
        assert np.abs(weights - expected).max() <= 0.51 * step


def test_the_structure_is_cut_into_tiles(tmp_path: Path) -> None:
    case = with_tensors()[0]
    asked = AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path))
    structure = asked.get_structure()
    placed = {"conv", "group_conv", "fc", "element_sum", "adaptive_pooling", "AdaptiveAvgPool2d"}
    assert len(structure) == sum(layer["_type"] in placed for layer in case.layers)
    for number, tiles in enumerate(structure):
        for info, pes in tiles:
            assert info["Layerindex"] == number
            assert pes is None or 1 <= len(pes) <= asked.tile_row * asked.tile_column


def test_a_network_of_the_zoo(tmp_path: Path) -> None:
    config = HERE / "SimConfig.ini"
    asked = TrainTestInterface("lenet", "some.cifar100", config, device=0)
    expected = simulate(Network.zoo("lenet", classes=100), config)
    assert asked.latency_evaluate() == expected.latency_ms
    assert asked.area_evaluate() == expected.area_mm2
    assert asked.xbar_row == asked.hardware_config["xbar_size"] == expected_size(config)


def expected_size(config: Path) -> int:
    return Hardware.from_file(config).crossbar_size[0]


def test_accuracy_over_every_batch(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 4, 40)
    images = random.uniform(0, 0.4, (40, 4)).astype(np.float32)
    images[np.arange(40), labels] += 0.5
    batches = [(images[i : i + 2], labels[i : i + 2]) for i in range(0, 40, 2)]
    batches[-1] = (batches[-1][0], (batches[-1][1] + 1) % 4)
    network = Network.from_json(
        {
            "input_shape": [1, 4],
            "input": {"activation_scale": 1 / 255, "activation_bit": 9},
            "layers": [{"type": "fc", "in_features": 4, "out_features": 4}],
        }
    ).with_weights({"0.weight": np.eye(4)})
    asked = TrainTestInterface(network, (None, batches), candidates()[0].base)
    # The reference looks at the first 11 batches only; the last is wrong.
    assert asked.origin_evaluate(method="TRADITION") == 38 / 40
