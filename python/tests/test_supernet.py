"""Super nets: accuracies of rollouts, candidates with weights, searches with both."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_errors import refused

import pimnas
from pimnas import ConfigError, NetworkError, SearchError, Study, SuperNet
from pimnas.mnsim import AWNASTrainTestInterface

COMMAND = Path(__file__).resolve().parents[2] / "target" / "release" / "pimnas"
# A training of seconds: two passes over 2,000 images.
SETTINGS = "[training]\nepochs = 2\nwarm_up = 5\n[calibration]\nbatches = 2\nimages = 64\n"
ALL = ["one_shot_accuracy", "fixed_point_accuracy", "crossbar_accuracy",
       "noisy_accuracy_mean", "noisy_accuracy_worst"]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A super net that learnt a little."""
    path = tmp_path_factory.mktemp("supernet") / "net"
    told: list[dict[str, Any]] = []
    net = SuperNet.train(path, SETTINGS, validation=8_000, callback=told.append)
    assert net.space.name == "grey28" and len(net) == 8_000 and "grey28" in repr(net)
    assert [one["epoch"] for one in told] == [1, 2] and told[0]["epochs"] == 2
    assert told[1]["loss"] < told[0]["loss"] and 0.1 < told[1]["accuracy"] < 1
    return path


@pytest.fixture(scope="module")
def net(folder: Path) -> SuperNet:
    """Judged on a hundred of the images that were kept apart."""
    with pytest.warns(UserWarning, match="learnt from other images"):
        return SuperNet.open(folder, validation=100)


def test_accuracies(net: SuperNet) -> None:
    assert SuperNet.metrics() == ALL and len(net) == 100
    rollout = net.space.sample(1, seed=3)[0]
    found = net.evaluate(rollout, ALL, draws=3, seed=1)
    assert list(found) == ALL and all(0 <= value <= 100 for value in found.values())
    assert found["noisy_accuracy_worst"] <= found["noisy_accuracy_mean"]
    assert net.evaluate(rollout) == {ALL[0]: found[ALL[0]]}
    assert net.evaluate(net.space.decode(rollout), ALL, draws=3, seed=1) == found
    assert net.evaluate(rollout.to_json(), "crossbar_accuracy") == {ALL[2]: found[ALL[2]]}
    # It learnt: better than chance by far, over some rollouts.
    some = [net.evaluate(one)[ALL[0]] for one in net.space.sample(4, seed=5)]
    assert np.mean(some) > 25


def test_candidates_are_what_is_judged(net: SuperNet, tmp_path: Path) -> None:
    rollout = net.space.sample(1, seed=8)[0]
    candidate = net.candidate(rollout)
    assert candidate.rollout == rollout and candidate.network.has_weights
    assert candidate.hardware == net.space.decode(rollout).hardware
    interface = pimnas.Interface(candidate.network, candidate.hardware)
    drop_in = AWNASTrainTestInterface(None, cand_net=candidate, SimConfig_path=candidate.hardware)
    for of in (interface, drop_in):
        assert of.latency_evaluate() > 0 and of.area_evaluate() > 0
    batch = np.random.default_rng(1).uniform(0, 1, (20, 1, 28, 28)).astype(np.float32)
    on_crossbars = interface.hardware_evaluate(batch)
    near = np.isclose(drop_in.hardware_evaluate(batch), on_crossbars, atol=1e-5)
    # A mean over a whole map is another operation there, which may fall on the other code.
    assert near.mean() > 0.9
    candidate.save(tmp_path / "files")
    again = pimnas.Network.from_file(tmp_path / "files" / "network.json")
    again = again.with_weights(tmp_path / "files" / "params.safetensors")
    same = pimnas.Interface(again, tmp_path / "files" / "SimConfig.ini")
    assert np.array_equal(same.hardware_evaluate(batch), on_crossbars)
    assert json.loads((tmp_path / "files" / "mnsim_cfg.json").read_text()) == candidate.get_mnsim_cfg()


@pytest.mark.filterwarnings("ignore:the super net learnt")
def test_accuracy_by_hand(folder: Path) -> None:
    """Right answers counted here are the accuracies that it gives."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 1, 28, 28), dtype=np.uint8)
    labels = random.integers(0, 10, 60)
    net = SuperNet.open(folder, images=(images, labels), validation=(images[:50], labels[:50]))
    assert len(net) == 50
    for rollout in net.space.sample(2, seed=4):
        candidate = net.candidate(rollout)
        interface = pimnas.Interface(candidate.network, candidate.hardware)
        inputs = images[:50].astype(np.float32) * np.float32(1 / 255)
        found = net.evaluate(rollout, ALL[1:3])
        for name, outputs in zip(
            ALL[1:3], (interface.origin_evaluate(inputs), interface.hardware_evaluate(inputs))
        ):
            assert found[name] == pytest.approx(100 * np.mean(outputs.argmax(1) == labels[:50]))


def test_a_search_with_accuracies(net: SuperNet, tmp_path: Path) -> None:
    goals = ["crossbar_accuracy", "latency_ms", "energy_mJ"]
    study = Study("grey28", goals, metrics=["area_mm2", "power_W"], batch=4, store=tmp_path / "run")
    assert study.objectives["crossbar_accuracy"] == "maximise"
    study.run(pimnas.judged(net), 8)
    for trial in study.trials():
        assert trial.metrics["crossbar_accuracy"] == net.evaluate(trial, ALL[2])[ALL[2]]
    assert study.front() and "crossbar accuracy" in study.report().read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:the super net learnt")
def test_copies_and_threads(net: SuperNet) -> None:
    copy = pickle.loads(pickle.dumps(net))
    rollouts = net.space.sample(4, seed=9)
    expected = [net.evaluate(rollout, ALL[:3]) for rollout in rollouts]
    assert [copy.evaluate(rollout, ALL[:3]) for rollout in rollouts] == expected
    got: dict[int, Any] = {}

    def ask(index: int) -> None:
        got[index] = net.evaluate(rollouts[index], ALL[:3])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [got[index] for index in range(4)] == expected


@pytest.mark.filterwarnings("ignore:the super net learnt")
def test_workers_of_ray_get_it_once_and_give_the_same(net: SuperNet) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from pimnas.distributed import RayBackend

    def evaluate(candidate: pimnas.Candidate, supernet: SuperNet) -> dict[str, float]:
        return pimnas.judged(supernet, ["one_shot_accuracy", "crossbar_accuracy"])(candidate)

    def study() -> Study:
        goals = ["crossbar_accuracy", "one_shot_accuracy", "latency_ms"]
        return Study("grey28", goals, metrics=["energy_mJ", "area_mm2", "power_W"], batch=6)

    alone, spread = study(), study()
    alone.run(lambda candidate: evaluate(candidate, net), 6)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        RayBackend().run(spread, evaluate, 6, shared=net)
    finally:
        ray.shutdown()
    assert spread.trials() == alone.trials()


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to itself")
def test_a_training_that_is_broken_off_goes_on(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "net"
    timer = threading.Timer(0.6, lambda: os.kill(os.getpid(), signal.SIGINT))
    begin = time.monotonic()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            SuperNet.train(path, SETTINGS, validation=8_000)
    finally:
        timer.cancel()
    assert time.monotonic() - begin < 20
    SuperNet.train(path, validation=8_000)
    name = "checkpoint.safetensors"
    assert (path / name).read_bytes() == (folder / name).read_bytes()


def test_the_command_gives_the_same(folder: Path, tmp_path: Path) -> None:
    if not COMMAND.is_file():
        pytest.skip("the command is not built")
    run = tmp_path / "run"
    (tmp_path / "own.toml").write_text("[accuracy]\nvalidation = 8000\none_in = 1\n", encoding="utf-8")
    subprocess.run(
        [COMMAND, "search", tmp_path / "own.toml", "--supernet", folder, "--budget", "3",
         "--objective", "crossbar_accuracy", "--objective", "latency_ms", "--out", run],
        check=True, capture_output=True,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = SuperNet.open(folder, validation=8_000)
    searched = Study.open(run).trials()
    judged = [trial for trial in searched if "crossbar_accuracy" in trial.metrics]
    assert len(searched) == 3 and judged
    for trial in judged:
        for name in (ALL[0], ALL[2]):
            assert net.evaluate(trial, name)[name] == trial.metrics[name]


@pytest.mark.filterwarnings("ignore:the super net learnt")
def test_what_cannot_be(folder: Path, net: SuperNet, tmp_path: Path) -> None:
    refused(NetworkError, lambda: SuperNet.open(tmp_path), "settings.toml")
    refused(ConfigError, lambda: SuperNet.train(tmp_path / "a", "epochs = "))
    refused(ConfigError, lambda: SuperNet.train(tmp_path / "a", "[training]\nepoch = 1\n"), "epoch")
    refused(ConfigError, lambda: SuperNet.train(folder, "[training]\nepochs = 9\n"), "other settings")
    refused(SearchError, lambda: SuperNet.train(tmp_path / "a", space="gibon"), "gibon")
    refused(NetworkError, lambda: SuperNet.open(folder, images=3), "3")  # type: ignore[arg-type]
    images, labels = np.zeros((4, 1, 28, 28), np.float32), [0, 1, 2, 3]
    for wrong in (
        (images[0, 0], labels),
        (images, labels[:2]),
        (images, [0.5, 1, 2, 3]),
        (images, [-1, 1, 2, 3]),
        (images, ["a"] * 4),
        (images * np.nan, labels),
        (images[:, :, :20], labels),
        (images, [0, 1, 2, 30]),
    ):
        refused(NetworkError, lambda w=wrong: SuperNet.open(folder, images=w, validation=w))
    refused(NetworkError, lambda: SuperNet.open(folder, validation=10**6), "no images")
    refused(SearchError, lambda: SuperNet.open(folder, validation=-1))
    refused(SearchError, lambda: net.evaluate("{}"))
    refused(SearchError, lambda: net.evaluate(pimnas.Space("gibbon").sample(1)[0]), "gibbon")
    error = refused(SearchError, lambda: net.evaluate(net.space.sample(1)[0], "crossbar_acuracy"))
    assert "crossbar_accuracy" in (error.hint or "")
    refused(ConfigError, lambda: net.evaluate(net.space.sample(1)[0], fidelity="exact"))
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("settings.toml", "space.toml"):
        (broken / name).write_bytes((folder / name).read_bytes())
    refused(NetworkError, lambda: SuperNet.open(broken), "checkpoint")
    (broken / "checkpoint.safetensors").write_bytes(b"nothing of the kind")
    refused(NetworkError, lambda: SuperNet.open(broken), "checkpoint")
    with pytest.raises(OverflowError):
        net.evaluate(net.space.sample(1)[0], draws=-1)
