"""The components for aw_nas, and a small search with them."""

from __future__ import annotations

import gzip
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pimnas

for needed in ("torch", "aw_nas"):
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)

import torch  # noqa: E402

from pimnas.aw_nas import (  # noqa: E402
    COSTS,
    HARDWARE,
    PimIdx,
    PimObjective,
    PimSuperNet,
    PimWeightsManager,
    quantised,
)

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "aw_nas"
DATA = ROOT / "data" / "fashion-mnist"


@pytest.fixture(scope="module")
def trained() -> PimWeightsManager:
    """A super net after some batches."""
    from aw_nas.common import SearchSpace

    torch.set_num_threads(1)
    np.random.seed(1)
    torch.manual_seed(1)
    space = SearchSpace.get_class_("germ")()
    manager = PimWeightsManager(
        space, torch.device("cpu"), germ_supernet_cfg={"channels": [[4, 8], [8, 12]], "bits": [7, 9]}
    )
    images, labels = PimIdx(str(DATA), train=1024, test=8).splits()["train"].tensors
    optimiser = torch.optim.Adam(manager.parameters(), lr=0.01)
    losses = []
    for step in range(60):
        part = slice(32 * (step % 20), 32 * (step % 20) + 32)
        candidate = manager.assemble_candidate(space.random_sample())
        candidate.train()
        loss = torch.nn.functional.cross_entropy(candidate(images[part]), labels[part])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10]), "shared weights learn"
    return manager.eval()


def candidates(manager: PimWeightsManager, count: int, seed: int = 3) -> list[Any]:
    np.random.seed(seed)
    return [manager.assemble_candidate(manager.search_space.random_sample()) for _ in range(count)]


def test_a_candidate_computes_what_it_describes(trained: PimWeightsManager) -> None:
    images, _ = PimIdx(str(DATA), train=1, test=64).splits()["test"].tensors
    objective = PimObjective(trained.search_space)
    for candidate in candidates(trained, 6):
        bits, scale, shape = candidate.get_mnsim_cfg(preserve_scale_flag=True)[-1]["output"][0]
        with torch.no_grad():
            expected = candidate(images)
        outputs = objective.interface(candidate).origin_evaluate(images)
        assert outputs.shape == expected.shape == (64, *shape)
        steps = (outputs - expected).abs() * (2 ** (bits - 1) - 1) / scale
        # A sum in another order may fall to the other side of a border between two values.
        assert steps.mean() < 0.05 and steps.max() <= 2, (steps.mean(), steps.max())


def test_costs_are_those_of_the_described_network(trained: PimWeightsManager) -> None:
    objective = PimObjective(trained.search_space)
    seen = set()
    for candidate in candidates(trained, 5):
        network = pimnas.Network.from_json(candidate.get_mnsim_cfg())
        hardware = pimnas.Hardware().with_point(**candidate.hardware_point)
        report = pimnas.simulate(network, hardware)
        assert objective.costs(candidate) == {name: getattr(report, name) for name in COSTS}
        seen.add(objective.costs(candidate)["energy_mJ"])
    assert len(seen) == 5


def test_rewards(trained: PimWeightsManager) -> None:
    images, labels = PimIdx(str(DATA), train=1, test=64).splits()["test"].tensors
    (candidate,) = candidates(trained, 1)
    with torch.no_grad():
        outputs = candidate(images)
    plain = PimObjective(trained.search_space, crossbars="never")
    share, *costs = plain.get_perfs(images, outputs, labels, candidate)
    assert share == pytest.approx(float((outputs.argmax(1) == labels).float().mean()))
    assert plain.get_reward(images, outputs, labels, candidate) == pytest.approx(share)
    assert plain.perf_names() == ["acc", *COSTS]
    targets = {"latency_ms": [costs[0] / 4, 0.5], "area_mm2": [costs[2] * 2, 3]}
    bound = PimObjective(trained.search_space, targets, crossbars="never")
    assert bound.get_reward(images, outputs, labels, candidate) == pytest.approx(share / 2)

    crossbars = PimObjective(trained.search_space)
    assert crossbars.get_perfs(images, outputs, labels, candidate)[0] == share, "while training"
    crossbars.set_mode("eval")
    answers = crossbars.interface(candidate).hardware_evaluate(images).argmax(1)
    measured = crossbars.get_perfs(images, outputs, labels, candidate)[0]
    assert measured == pytest.approx(float((answers == labels).float().mean()))


def test_narrow_candidates_share_the_first_channels(trained: PimWeightsManager) -> None:
    space = trained.search_space
    rollout = space.random_sample()
    for name in space.decision_ids:
        rollout.arch[name] = min(space.decisions[name].choices)
    candidate = trained.assemble_candidate(rollout)
    weight = candidate.weights_manager._param_list[0]["weight"]
    assert weight.shape == (4, 1, 1, 1)
    block = trained.super_net.blocks[0]
    shared = block.weight.detach()[:4, :, 1:2, 1:2]
    bits = candidate.get_mnsim_cfg()[0]["weight_info"]["bit"]
    assert torch.equal(weight, quantised(shared, bits, float(shared.abs().max())))
    assert set(candidate.hardware_point) == set(HARDWARE)


def test_awnas_search(tmp_path: Path) -> None:
    import yaml

    plan = yaml.safe_load((EXAMPLE / "search.yaml").read_text(encoding="utf-8"))
    plan["dataset_cfg"].update(folder=str(DATA), train=320, test=64)
    plan["trainer_cfg"].update(epochs=1, test_every=1, controller_steps=4)
    config = tmp_path / "search.yaml"
    config.write_text(yaml.safe_dump(plan), encoding="utf-8")
    environment = {
        **os.environ,
        "AWNAS_PLUGIN_DIR": str(EXAMPLE / "plugins"),
        "AWNAS_HOME": str(tmp_path / "home"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-m", "aw_nas.main", "search", str(config)]
    script = Path(sys.executable).with_name("awnas")
    if script.exists():
        command[:3] = [str(script)]
    ran = subprocess.run(
        [*command, "--seed", "1", "--train-dir", str(tmp_path / "out"), "-q"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    log = ran.stdout + ran.stderr
    assert ran.returncode == 0, log[-3000:]
    best = re.search(r"TEST Epoch +1: .*Performance: (.*)", log)
    assert best, log[-3000:]
    perfs = {name: float(value) for name, value in re.findall(r"(\w+): ([\d.]+)", best[1])}
    assert set(perfs) >= {"reward", "loss", "acc", *COSTS}
    assert 0 < perfs["reward"] <= perfs["acc"] <= 1
    genotypes = re.findall(r"Genotype: (.*)", log)
    assert genotypes and "hardware.xbar_size" in genotypes[0]
    assert (tmp_path / "out" / "final").is_dir()


def refused(action: Any, kind: type[pimnas.PimnasError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        action()
    assert caught.value.hint


def test_what_cannot_be(tmp_path: Path) -> None:
    from aw_nas.common import SearchSpace

    space = SearchSpace.get_class_("germ")()
    for settings, words in [
        ({"channels": []}, "channels"),
        ({"channels": [[]]}, "channels"),
        ({"kernels": [2]}, "odd"),
        ({"bits": [1]}, "bits"),
        ({"hardware": {"xbar": [64]}}, "xbar"),
        ({"hardware": {"xbar_size": []}}, "no choices"),
    ]:
        refused(lambda s=settings: PimSuperNet(space, **s), pimnas.ConfigError, words)
    for settings, words in [
        ({"targets": {"beauty": [1, 1]}}, "beauty"),
        ({"targets": {"energy_mJ": [0, 1]}}, "energy_mJ"),
        ({"targets": {"energy_mJ": [1]}}, "energy_mJ"),
        ({"crossbars": "sometimes"}, "sometimes"),
        ({"sim_config": str(tmp_path / "none.ini")}, "none.ini"),
    ]:
        refused(lambda s=settings: PimObjective(space, **s), pimnas.ConfigError, words)
    fresh = PimWeightsManager(SearchSpace.get_class_("germ")(), torch.device("cpu"))
    candidate = fresh.assemble_candidate(fresh.search_space.random_sample())
    refused(candidate.get_mnsim_cfg, pimnas.NetworkError, "no scale")
    refused(lambda: PimIdx(str(tmp_path)), pimnas.NetworkError, "cannot read")
    shutil.copytree(DATA, tmp_path / "bad")
    for content in (b"", b"\0\0\x08", b"\0\0\x08\x03\0\0", b"\0\0\x09\x01\0\0\0\0"):
        (tmp_path / "bad" / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        refused(lambda: PimIdx(str(tmp_path / "bad")), pimnas.NetworkError, "IDX")
