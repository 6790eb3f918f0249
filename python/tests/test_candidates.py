"""Recorded candidates through the drop-in class."""

from __future__ import annotations

import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from cases import assert_near, candidates, output_step, with_tensors

from pimnas import Hardware
from pimnas.mnsim import AWNASTrainTestInterface

QUESTIONS = {
    "latency_evaluate": lambda asked: asked.latency_evaluate(),
    "area_evaluate": lambda asked: asked.area_evaluate(),
    "power_evaluate": lambda asked: asked.power_evaluate(),
    "energy_evaluate": lambda asked: asked.energy_evaluate(),
    "latency_evaluate_no_pipeline": lambda asked: asked.latency_evaluate(disable_inner_pipeline=True),
    "energy_evaluate_no_pipeline": lambda asked: asked.energy_evaluate(disable_inner_pipeline=True),
}
BY_NAME = {"argvalues": candidates(), "ids": lambda case: case.name}
WITH_TENSORS = {"argvalues": with_tensors(), "ids": lambda case: case.name}


def test_there_are_cases() -> None:
    assert len(candidates()) >= 20
    assert len(with_tensors()) >= 5


@pytest.mark.parametrize("case", **BY_NAME)
def test_costs_in_any_order(case, convert, tmp_path: Path) -> None:
    config = case.config(tmp_path)
    for names in (list(QUESTIONS), list(reversed(QUESTIONS))):
        asked = AWNASTrainTestInterface(None, case.candidate(convert), config)
        for name in names:
            got = QUESTIONS[name](asked)
            assert type(got) is float
            assert got == pytest.approx(case.expected[name], rel=1e-9, abs=0)


@pytest.mark.parametrize("case", **WITH_TENSORS)
def test_outputs(case, convert, tmp_path: Path) -> None:
    net = case.candidate(convert)
    asked = AWNASTrainTestInterface(None, cand_net=net, SimConfig_path=case.config(tmp_path))
    inputs = convert(case.tensors["input"].copy())
    for name in ("hardware_evaluate", "origin_evaluate"):
        outputs = getattr(asked, name)(inputs)
        assert type(outputs) is type(inputs) and outputs.dtype == inputs.dtype
        assert_near(case.tensors[name], np.asarray(outputs), output_step(case))


@pytest.mark.parametrize("case", with_tensors()[:3], ids=lambda case: case.name)
def test_batches_do_not_matter(case, tmp_path: Path) -> None:
    asked = AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path))
    once = case.tensors["input"]
    many = np.concatenate([once] * (100 // len(once) + 1))
    expected = np.concatenate([asked.hardware_evaluate(once)] * (100 // len(once) + 1))
    assert (asked.hardware_evaluate(many) == expected).all()


@pytest.mark.torch
def test_types_of_torch(tmp_path: Path) -> None:
    import torch

    case = with_tensors()[0]
    net = case.candidate(lambda array: torch.nn.Parameter(torch.from_numpy(array), False))
    asked = AWNASTrainTestInterface(None, net, case.config(tmp_path))
    inputs = torch.from_numpy(case.tensors["input"].copy())
    expected = asked.hardware_evaluate(inputs)
    assert not expected.requires_grad
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        outputs = asked.hardware_evaluate(inputs.to(dtype))
        assert outputs.dtype == dtype and outputs.device == inputs.device
    graph = inputs.clone().requires_grad_(True)
    assert torch.equal(asked.hardware_evaluate(graph), expected)
    strided = torch.cat([inputs, inputs])[:: 2 if len(inputs) > 1 else 1]
    twice = asked.hardware_evaluate(strided.contiguous())
    assert torch.equal(asked.hardware_evaluate(strided), twice)


def test_what_changes_later_does_not_count(convert, tmp_path: Path) -> None:
    case = with_tensors()[0]
    net = case.candidate(convert)
    asked = AWNASTrainTestInterface(None, net, case.config(tmp_path))
    for parameters in net.weights_manager._param_list:
        for tensor in parameters.values():
            tensor *= 0
    inputs = convert(case.tensors["input"].copy())
    outputs = np.asarray(asked.hardware_evaluate(inputs))
    assert_near(case.tensors["hardware_evaluate"], outputs, output_step(case))


def test_the_candidate_stays_as_it_is(convert, tmp_path: Path) -> None:
    case = with_tensors()[0]
    net = case.candidate(convert)
    keys = [sorted(parameters) for parameters in net.weights_manager._param_list]
    AWNASTrainTestInterface(None, net, case.config(tmp_path)).hardware_evaluate(
        convert(case.tensors["input"].copy())
    )
    assert [sorted(parameters) for parameters in net.weights_manager._param_list] == keys


def test_numbers_of_other_packages_in_the_layer_list(tmp_path: Path) -> None:
    case = with_tensors()[0]
    layers = [dict(layer) for layer in case.layers]
    for layer in layers:
        for key in ("input", "output"):
            layer[key] = [(np.int64(b), np.float64(s or 1.0), tuple(sh)) for b, s, sh in layer[key]]
    plain = AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path))
    net = case.candidate()
    net.layers = layers
    asked = AWNASTrainTestInterface(None, net, case.config(tmp_path))
    assert asked.latency_evaluate() == plain.latency_evaluate()


def test_extra_define_changes_outputs_and_no_cost(tmp_path: Path) -> None:
    case = with_tensors()[0]
    config, inputs = case.config(tmp_path), case.tensors["input"]
    plain = AWNASTrainTestInterface(None, case.candidate(), config)
    extra = {"xbar_size": plain.hardware_config["xbar_size"], "dac_res": 1, "adc_res": 3}
    asked = AWNASTrainTestInterface(None, case.candidate(), config, extra)
    assert asked.energy_evaluate() == plain.energy_evaluate()
    assert asked.hardware_config["quantize_bit"] == 3
    assert not np.array_equal(asked.hardware_evaluate(inputs), plain.hardware_evaluate(inputs))


def test_a_hardware_in_memory(tmp_path: Path) -> None:
    case = candidates()[0]
    config = case.config(tmp_path)
    hardware = Hardware.from_file(config)
    assert (
        AWNASTrainTestInterface(None, case.candidate(), hardware).area_evaluate()
        == AWNASTrainTestInterface(None, case.candidate(), config).area_evaluate()
    )


def test_the_corrected_fidelity_differs(tmp_path: Path) -> None:
    case = candidates()[0]
    config = case.config(tmp_path)
    reference = AWNASTrainTestInterface(None, case.candidate(), config)
    corrected = AWNASTrainTestInterface(None, case.candidate(), config, fidelity="corrected")
    assert corrected.latency_evaluate() != reference.latency_evaluate()


def test_arguments_without_meaning_are_said(tmp_path: Path) -> None:
    case = candidates()[0]
    with pytest.warns(UserWarning, match="fidelty"):
        AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path), fidelty="corrected")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AWNASTrainTestInterface(None, case.candidate(), case.config(tmp_path))


def test_threads_at_once(convert, tmp_path: Path) -> None:
    case = with_tensors()[0]
    config = case.config(tmp_path)
    inputs = convert(case.tensors["input"].copy())
    shared = AWNASTrainTestInterface(None, case.candidate(convert), config)
    barrier = threading.Barrier(4)

    def ask(index: int) -> None:
        barrier.wait()
        for _ in range(5):
            own = AWNASTrainTestInterface(None, case.candidate(convert), config)
            for asked in (own, shared):
                name = ("hardware_evaluate", "origin_evaluate")[index % 2]
                outputs = np.asarray(getattr(asked, name)(inputs))
                assert_near(case.tensors[name], outputs, output_step(case))
                latency = asked.latency_evaluate()
                assert latency == pytest.approx(case.expected["latency_evaluate"], rel=1e-9, abs=0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))


def _memory() -> int:
    """Resident memory of this process, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("no resident memory")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_dropped_interfaces_leave_nothing(convert, tmp_path: Path) -> None:
    case = with_tensors()[0]
    config, net = case.config(tmp_path), case.candidate(convert)
    size = sum(array.nbytes for array in case.tensors.values())

    def make(count: int) -> None:
        for _ in range(count):
            asked = AWNASTrainTestInterface(None, net, config)
            asked.latency_evaluate()
            asked.energy_evaluate()

    make(500)
    gc.collect()
    before = _memory()
    make(10_000)
    gc.collect()
    growth = _memory() - before
    assert growth < max(50 * size, 4 << 20), f"{growth} bytes more"
