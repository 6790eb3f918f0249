"""Simulations, sweeps, spaces, accuracy, and how results look."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import pimnas

XBAR = "Crossbar level/Xbar_Size"


def test_a_simulation_and_its_forms() -> None:
    report = pimnas.simulate("vgg8")
    assert report.latency_ms == pytest.approx(20.313, abs=1e-3)
    assert report.to_dict()["metrics"]["energy_mJ"] == report.energy_mJ
    assert json.loads(report.to_json()) == report.to_dict()
    assert sum(layer["tiles"] for layer in report.layers) == report.tiles
    assert "vgg8 on the default hardware" in repr(report)
    assert "bottleneck" in str(report)
    assert report._repr_html_().startswith("<table>")
    frame = report.to_pandas()
    assert len(frame) == len(report.layers)
    assert frame["energy_nJ"].sum() == pytest.approx(report.energy_mJ * 1e6, rel=1e-6)


def test_options_of_a_simulation() -> None:
    network = pimnas.Network.zoo("resnet18")
    plain = pimnas.simulate(network)
    assert pimnas.simulate(network, inner_pipeline=False).latency_ms > plain.latency_ms
    one = pimnas.simulate(network, correct=["constant-buffer-cycle"])
    all_of_them = pimnas.simulate(network, fidelity="corrected")
    assert len({plain.latency_ms, one.latency_ms, all_of_them.latency_ms}) == 3


def test_a_hardware_with_settings(tmp_path) -> None:
    hardware = pimnas.Hardware({XBAR: (128, 128), "Tile level/PE_Num": "2,2"})
    assert hardware.crossbar_size == (128, 128) and hardware.pe_grid == (2, 2)
    assert hardware.get(XBAR) == "128,128"
    path = tmp_path / "chip.ini"
    path.write_text(hardware.to_ini(), encoding="utf-8")
    again = pimnas.Hardware.from_file(path)
    assert pimnas.simulate("lenet", again).area_mm2 == pimnas.simulate("lenet", hardware).area_mm2
    assert pimnas.Hardware.from_text(hardware.to_toml(), "toml").crossbar_size == (128, 128)
    path.write_text(hardware.with_settings({XBAR: (64, 64)}).to_ini(), encoding="utf-8")
    assert pimnas.Hardware.from_file(path).crossbar_size == (64, 64), "a file that was changed"


def test_an_explanation() -> None:
    explanation = pimnas.explain("lenet")
    assert "What bounds the latency" in str(explanation)
    assert {"knob", "settings", "latency_change"} <= explanation.effects[0].keys()
    assert len(explanation.to_pandas()) == len(explanation.effects)


def test_sweeps_on_a_grid_and_on_a_list() -> None:
    grid = pimnas.sweep(["lenet", "vgg8"], axes={XBAR: [(64, 64), (128, 128)]})
    assert [row["network"] for row in grid.rows] == ["lenet", "lenet", "vgg8", "vgg8"]
    listed = pimnas.sweep("vgg8", points=[{XBAR: "64,64"}, {XBAR: "128,128"}])
    assert [row["latency_ms"] for row in listed.rows] == [r["latency_ms"] for r in grid.rows[2:]]
    assert len(grid) == len(grid.to_pandas()) == 4
    alone = pimnas.simulate("vgg8", pimnas.Hardware({XBAR: (64, 64)}))
    assert listed.rows[0]["latency_ms"] == alone.latency_ms


def test_a_point_that_is_not_possible_has_a_reason() -> None:
    rows = pimnas.sweep("vgg8", axes={"Architecture level/Tile_Num": ["1,1", "64,64"]}).rows
    assert "tiles" in rows[0]["error"] and "error" not in rows[1]


def test_a_space() -> None:
    assert "gibbon" in pimnas.Space.names()
    space = pimnas.Space("nasbench201")
    assert space.size() == 15625
    assert pimnas.Space("gibbon").size() > 10**38
    rollouts = space.sample(5, seed=3)
    assert rollouts[:2] == space.sample(2, seed=3) != space.sample(2, seed=4)
    rollout = rollouts[0]
    assert space.rollout(rollout.decisions) == rollout == space.rollout(rollout.to_json())
    assert rollout[next(iter(rollout.decisions))] in rollout.decisions.values()
    candidate = space.decode(rollout)
    assert candidate.rollout == rollout
    assert pimnas.simulate(candidate.network, candidate.hardware).latency_ms > 0
    written = pimnas.Space.from_toml(space.to_toml())
    assert written.size() == space.size()


def test_hardware_decisions_reach_the_hardware() -> None:
    space = pimnas.Space()
    for rollout in space.sample(5, seed=1):
        size = rollout["hardware.xbar_size"]
        assert space.decode(rollout).hardware.crossbar_size == (size, size)


def test_everything_can_be_pickled() -> None:
    space = pimnas.Space()
    rollout = space.sample(1)[0]
    hardware = pimnas.Hardware({XBAR: (64, 64)})
    network = pimnas.Network.zoo("lenet").with_weights({"0.weight": np.ones((6, 3, 5, 5))})
    for value in (rollout, network):
        assert pickle.loads(pickle.dumps(value)) == value
    restored = pickle.loads(pickle.dumps(hardware))
    assert pimnas.simulate("lenet", restored).area_mm2 == pimnas.simulate("lenet", hardware).area_mm2
    assert pickle.loads(pickle.dumps(space)).size() == space.size()
    error = pickle.loads(pickle.dumps(pimnas.ConfigError("a", "b", "c", "d")))
    assert (error.message, error.code, error.hint, error.location) == ("a", "b", "c", "d")


def classifier() -> tuple[pimnas.Network, np.ndarray, np.ndarray]:
    """A network that answers with the largest of four inputs, and such inputs."""
    network = pimnas.Network.from_json(
        {
            "input_shape": [1, 4],
            "input": {"activation_scale": 1 / 255, "activation_bit": 9},
            "layers": [{"type": "fc", "in_features": 4, "out_features": 4}],
        }
    ).with_weights({"0.weight": np.eye(4)})
    random = np.random.default_rng(1)
    labels = random.integers(0, 4, 200)
    images = random.uniform(0, 0.4, (200, 4))
    images[np.arange(200), labels] += 0.5
    return network, images, labels


def test_accuracy_stage_by_stage() -> None:
    network, images, labels = classifier()
    report = pimnas.accuracy(network, images, labels, variation=80.0, draws=3, ideal=True)
    assert report.accuracy["float"] == report.accuracy["fixed point"] == 1.0
    assert report.accuracy["variation"] < 1.0
    assert [stage["draws"] for stage in report.stages] == [1, 1, 1, 3]
    again = pimnas.accuracy(network, images, labels, variation=80.0, draws=3, ideal=True)
    other = pimnas.accuracy(network, images, labels, variation=80.0, draws=3, ideal=True, seed=2)
    assert report.to_dict() == again.to_dict() != other.to_dict()
    assert len(report.to_pandas()) == 4 and "<table>" in report._repr_html_()


def test_outputs_of_a_network_in_each_arithmetic() -> None:
    network, images, _ = classifier()
    interface = pimnas.Interface(network)
    assert np.allclose(interface.evaluate(images, "float"), images, atol=1e-6)


def test_onnx_is_written_and_read_again(tmp_path) -> None:
    network, images, _ = classifier()
    path = tmp_path / "own.onnx"
    written = network.to_onnx(path)
    assert type(written) is bytes and path.read_bytes() == written
    again = pimnas.Network.from_onnx(path)
    outputs = pimnas.Interface(again).evaluate(images, "float")
    assert np.allclose(outputs, pimnas.Interface(network).evaluate(images, "float"), atol=1e-6)


def test_arrays_of_other_layouts_and_types() -> None:
    network, images, _ = classifier()
    interface = pimnas.Interface(network)
    expected = interface.evaluate(np.ascontiguousarray(images, np.float32), "float")
    for other in (images, np.asfortranarray(images), np.repeat(images, 2, 0)[::2], images.tolist()):
        assert np.array_equal(interface.evaluate(other, "float"), expected)
    integers = interface.evaluate(np.eye(4, dtype=np.int32), "float")
    assert np.array_equal(integers, np.eye(4))


def test_an_import_is_quick_and_takes_no_torch() -> None:
    code = (
        "import time; begin = time.process_time(); import pimnas, pimnas.mnsim; "
        "print(time.process_time() - begin); import sys; print('torch' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    results = [run.stdout.split() for run in runs]
    assert all(loaded == "False" for _, loaded in results)
    assert min(float(seconds) for seconds, _ in results) < 0.2
