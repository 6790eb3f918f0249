"""Bad input: an exception of the right class, with a code and a hint."""

from __future__ import annotations

import copy
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cases import candidates, with_tensors

import pimnas
from pimnas import ConfigError, MappingError, NetworkError, PimnasError, SearchError
from pimnas.mnsim import AWNASTrainTestInterface, TrainTestInterface, modify_sim_config


def refused(kind: type[PimnasError], call, *parts: str) -> PimnasError:
    """The call must raise that kind, with a hint and these parts of the message."""
    with pytest.raises(kind) as raised:
        call()
    error = raised.value
    assert type(error) is kind
    assert error.code and error.hint, error
    for part in parts:
        assert part in str(error)
    assert "hint: " in str(error)
    return error


def test_hardware(tmp_path: Path) -> None:
    error = refused(ConfigError, lambda: pimnas.Hardware({"Crossbar level/Xbar_Siz": 1}), "Xbar_Size")
    assert error.code == "config-unknown-key" and error.location == "Crossbar level/Xbar_Siz"
    refused(ConfigError, lambda: pimnas.Hardware({"Crossbar level/Xbar_Size": "a,b"}))
    refused(ConfigError, lambda: pimnas.Hardware.from_file(tmp_path / "none.ini"), "none.ini")
    path = tmp_path / "bad.ini"
    path.write_text("[Device level]\nDevice_Tech = many\n", encoding="utf-8")
    error = refused(ConfigError, lambda: pimnas.Hardware.from_file(path))
    assert error.location == f"{path}:2"
    refused(ConfigError, lambda: pimnas.simulate("lenet", 3), "3")
    refused(ConfigError, lambda: pimnas.simulate("lenet", fidelity="exact"), "exact")
    refused(ConfigError, lambda: pimnas.simulate("lenet", keep=["nothing"]), "nothing")
    point = {"xbar_size": 100, "dac_choice": 1, "adc_choice": 1, "cell_bit": 1}
    refused(ConfigError, lambda: pimnas.Hardware().with_point(**point), "multiple of 32")


def test_networks(tmp_path: Path) -> None:
    refused(NetworkError, lambda: pimnas.Network.zoo("vgg9"), "vgg8")
    refused(NetworkError, lambda: pimnas.Network.from_json("{"))
    refused(NetworkError, lambda: pimnas.Network.from_json([1, float("inf")]), "infinite")
    refused(NetworkError, lambda: pimnas.Network.from_json([object()]))
    deep: list = []
    for _ in range(100):
        deep = [deep]
    refused(NetworkError, lambda: pimnas.Network.from_json(deep), "nested")
    refused(NetworkError, lambda: pimnas.Network.from_file(tmp_path / "none.json"))
    refused(NetworkError, lambda: pimnas.Network.from_onnx(b"no onnx"))
    refused(NetworkError, lambda: pimnas.simulate(3.5), "3.5")
    lenet = pimnas.Network.zoo("lenet")
    refused(NetworkError, lambda: lenet.with_weights({"0.weight": "words"}), "0.weight")
    refused(NetworkError, lambda: lenet.with_weights(7))
    images = np.zeros((2, 3, 32, 32))
    refused(NetworkError, lambda: pimnas.accuracy(lenet, images, [0, 0]), "no weights")


def test_networks_that_have_no_onnx(tmp_path: Path) -> None:
    lenet = pimnas.Network.zoo("lenet")
    refused(NetworkError, lenet.to_onnx, "no weights")
    layers = [{"type": "fc", "in_features": 2, "out_features": 2}]
    small = pimnas.Network.from_json({"input_shape": [1, 2], "layers": layers})
    small = small.with_weights({"0.weight": np.eye(2)})
    refused(NetworkError, lambda: small.to_onnx(numbers="halves"), "halves")  # type: ignore[arg-type]
    refused(NetworkError, lambda: small.to_onnx(numbers="quantised"), "no scale")
    refused(NetworkError, lambda: small.to_onnx(tmp_path / "none" / "a.onnx"), "cannot write")
    bad = small.with_weights({"0.weight": np.eye(3)})
    refused(NetworkError, bad.to_onnx, "layer 0 (fc)", "[3, 3], not [2, 2]")


def test_mappings() -> None:
    hardware = pimnas.Hardware({"Architecture level/Tile_Num": "1,1"})
    error = refused(MappingError, lambda: pimnas.simulate("vgg8", hardware), "Tile_Num")
    assert error.code == "mapping-too-few-tiles"


def test_sweeps() -> None:
    refused(ConfigError, lambda: pimnas.sweep("lenet", axes={"No/Key": [1]}))
    refused(ConfigError, lambda: pimnas.sweep("lenet", axes={}, points=[]))
    refused(ConfigError, lambda: pimnas.sweep("lenet", points=[]))
    mixed = [{"Crossbar level/Xbar_Size": "64,64"}, {"Tile level/PE_Num": "2,2"}]
    refused(ConfigError, lambda: pimnas.sweep("lenet", points=mixed))


def test_spaces(tmp_path: Path) -> None:
    refused(SearchError, lambda: pimnas.Space("gibon"), "gibbon")
    error = refused(SearchError, lambda: pimnas.Space.from_toml("space = 1\nname = 'x'\nabout = 3\n"))
    assert error.location is not None
    refused(SearchError, lambda: pimnas.Space.from_file(tmp_path / "none.toml"))
    space = pimnas.Space()
    refused(SearchError, lambda: space.decode({}))
    refused(SearchError, lambda: space.decode({"no.such": 1}))
    refused(SearchError, lambda: space.rollout("{}"))
    with pytest.raises(KeyError):
        space.sample(1)[0]["no.such"]


@pytest.fixture
def case():
    return with_tensors()[0]


def test_candidate_nets_without_the_methods(case, tmp_path: Path) -> None:
    config = case.config(tmp_path)
    for net in (None, 3, SimpleNamespace(), SimpleNamespace(get_mnsim_cfg=case.layers)):
        refused(NetworkError, lambda n=net: AWNASTrainTestInterface(None, n, config), "get_mnsim_cfg")
    net = SimpleNamespace(get_mnsim_cfg=lambda preserve_scale_flag=False: case.layers)
    refused(NetworkError, lambda: AWNASTrainTestInterface(None, net, config), "_param_list")


def test_layer_lists_of_candidates(case, tmp_path: Path) -> None:
    config = case.config(tmp_path)

    def with_layers(layers):
        net = case.candidate()
        net.layers = layers
        return lambda: AWNASTrainTestInterface(None, net, config)

    refused(NetworkError, with_layers({}))
    refused(NetworkError, with_layers([]))
    refused(NetworkError, with_layers("layers"))
    refused(NetworkError, with_layers([{1: 2}] * len(case.layers)), "key")
    for key, value in (("_type", "conv3d"), ("input", [[9, 1.0, [3]]]), ("output", [])):
        layers = copy.deepcopy(case.layers)
        layers[0][key] = value
        error = refused(NetworkError, with_layers(layers), "layer 0")
        assert error.location == "layer 0"


def test_parameters_of_candidates(case, tmp_path: Path) -> None:
    config, inputs = case.config(tmp_path), case.tensors["input"]
    weighted = next(i for i, layer in enumerate(case.layers) if "weight_info" in layer)

    def changed(change):
        net = case.candidate()
        change(net.weights_manager._param_list)
        return lambda: AWNASTrainTestInterface(None, net, config).hardware_evaluate(inputs)

    refused(NetworkError, changed(lambda params: params.pop()), "layers")
    refused(NetworkError, changed(lambda params: params.__setitem__(0, None)), "layer 0")
    refused(NetworkError, changed(lambda params: params[weighted].pop("weight")), "missing")
    values = {
        "text": "text",
        "object": object(),
        "complex": np.ones(3, complex),
        "shape": np.zeros((1, 2, 3), np.float32),
    }
    for value in values.values():
        refused(NetworkError, changed(lambda params, v=value: params[weighted].update(weight=v)))
    infinite = case.tensors[f"param.{weighted}.weight"].copy()
    infinite.flat[3] = np.nan
    error = refused(
        NetworkError, changed(lambda params: params[weighted].update(weight=infinite)), "position 3"
    )
    assert error.location == f"layer {weighted}"
    refused(NetworkError, changed(lambda params: params[weighted].update(bias=np.zeros(3))), "bias")
    net = case.candidate()
    net.weights_manager._param_list = tuple(net.weights_manager._param_list)
    refused(NetworkError, lambda: AWNASTrainTestInterface(None, net, config), "no list")


def test_inputs_of_candidates(case, convert, tmp_path: Path) -> None:
    asked = AWNASTrainTestInterface(None, case.candidate(convert), case.config(tmp_path))
    inputs = case.tensors["input"].copy()
    refused(NetworkError, lambda: asked.hardware_evaluate(None))
    refused(NetworkError, lambda: asked.hardware_evaluate("picture"))
    refused(NetworkError, lambda: asked.hardware_evaluate(convert(inputs[0])), "dimensions")
    refused(NetworkError, lambda: asked.origin_evaluate(convert(inputs[:, :0])), "dimensions")
    many = np.concatenate([inputs] * 40)
    item = len(many) - 1
    many[item].flat[2] = np.inf
    refused(NetworkError, lambda: asked.hardware_evaluate(convert(many)), f"item {item}")


def test_hardware_of_candidates(case, tmp_path: Path) -> None:
    net = case.candidate()
    refused(ConfigError, lambda: AWNASTrainTestInterface(None, net, tmp_path / "none.ini"))
    refused(ConfigError, lambda: AWNASTrainTestInterface(None, net, 5))
    config = case.config(tmp_path)
    refused(ConfigError, lambda: AWNASTrainTestInterface(None, net, config, {"adc_res": 3}))
    refused(ConfigError, lambda: AWNASTrainTestInterface(None, net, config, fidelity="x"))
    small = pimnas.Hardware.from_file(config).with_settings({"Architecture level/Tile_Num": "1,1"})
    asked = AWNASTrainTestInterface(None, net, small)
    with pytest.raises(MappingError):
        for _ in range(2):
            asked.latency_evaluate()


def test_test_interfaces(tmp_path: Path) -> None:
    config = candidates()[0].base
    refused(NetworkError, lambda: TrainTestInterface("vgg8", "imagenet", config), "classes")
    refused(NetworkError, lambda: TrainTestInterface("vgg7", "cifar10", config))
    asked = TrainTestInterface("lenet", ([], [(np.zeros((1, 3, 32, 32)), np.zeros(1))]), config)
    refused(NetworkError, asked.origin_evaluate, "missing")
    refused(ConfigError, lambda: asked.origin_evaluate("GUESS"))


def test_rollouts_without_a_decision(tmp_path: Path) -> None:
    base, ids = candidates()[0].base, {"xbar_size": 0, "dac_choice": 1, "adc_choice": 2}
    refused(SearchError, lambda: modify_sim_config(base, tmp_path, ids, [64, 1, 1]), "cell_bit")
    ids["cell_bit"] = 3
    refused(SearchError, lambda: modify_sim_config(base, tmp_path, ids, [64, 1, 1, -1]))
    refused(SearchError, lambda: modify_sim_config(base, tmp_path, ids, [64, 1, 10**30, 1]))
    refused(ConfigError, lambda: modify_sim_config(base, tmp_path, ids, [63, 1, 1, 1]), "63")


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to itself")
def test_ctrl_c_ends_long_work() -> None:
    sizes = [(1, 128), *[(128, 128)] * 4]
    layers = [
        {"type": "conv", "in_channels": i, "out_channels": o, "kernel_size": 3, "padding": 1}
        for i, o in sizes
    ]
    network = pimnas.Network.from_json(
        {
            "input_shape": [1, 1, 16, 16],
            "input": {"activation_scale": 1 / 255, "activation_bit": 9},
            "layers": layers,
        }
    )
    random = np.random.default_rng(0)
    weights = {
        f"{index}.weight": random.normal(0, 0.05, (o, i, 3, 3))
        for index, (i, o) in enumerate(sizes)
    }
    interface = pimnas.Interface(network.with_weights(weights))
    images = random.uniform(0, 1, (20_000, 1, 16, 16)).astype(np.float32)
    interface.evaluate(images[:1], "float")
    timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    begin = time.monotonic()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            interface.evaluate(images, "float")
    finally:
        timer.cancel()
    # The whole batch would take many times as long.
    assert 0.9 < time.monotonic() - begin < 20
