"""Studies: asked, told, run, written and continued."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import threading
from typing import Any

import pytest

import pimnas
from pimnas import SearchError, Study


SMALL = """
space = 1
name = "tiny"
[input]
channels = 1
height = 8
width = 8
[[decision]]
path = "channels"
choices = { from = 4, to = 20, by = 4 }
[[decision]]
path = "kernel"
choices = [1, 3]
[[layer]]
op = "conv"
out = "channels"
kernel = "kernel"
[[layer]]
op = "AdaptiveAvgPool2d"
height = 1
width = 1
[[layer]]
op = "flatten"
"""


def figures(rollout: pimnas.Rollout) -> dict[str, float]:
    """Two figures that pull in different directions."""
    digits = [int(digit, 16) for digit in rollout.hash]
    return {"latency_ms": float(sum(digits[:16])), "energy_mJ": float(sum(digits[16:])) / 7}


def study(**changes: Any) -> Study:
    arguments: dict[str, Any] = {
        "space": "grey28",
        "objectives": ["latency_ms", "energy_mJ"],
        "controller": "nsga2",
        "seed": 3,
        "batch": 6,
        "horizon": 60,
    }
    return Study(**(arguments | changes))


def evaluate(candidate: pimnas.Candidate) -> dict[str, float]:
    return figures(candidate.rollout)


def test_a_run_with_the_figures_of_the_simulator() -> None:
    asked = Study("grey28", ["latency_ms", "energy_mJ"], metrics=["area_mm2", "power_W"], batch=8)
    assert asked.run(pimnas.costs, 24) == "evaluations"
    trials = asked.trials()
    assert [trial.number for trial in trials] == list(range(24)) and len(asked) == 24
    for trial in trials:
        candidate = asked.decode(trial)
        report = pimnas.simulate(candidate.network, candidate.hardware)
        assert trial.metrics["energy_mJ"] == report.energy_mJ
        assert set(trial.metrics) == {"latency_ms", "energy_mJ", "area_mm2", "power_W"}
    front = asked.front()
    assert {trial.number for trial in front} == brute_force_front(trials)
    assert asked.hypervolume() > 0
    frame = asked.to_pandas()
    assert len(frame) == 24 and frame["area_mm2"].notna().all()
    assert "hardware.xbar_size" in frame.columns
    assert asked._repr_html_().count("<tr>") == len(front) + 1
    assert "24 trials" in repr(asked)


def brute_force_front(trials: list[pimnas.Trial]) -> set[int]:
    """Those that no other is better than."""
    points = {t.number: (t.metrics["latency_ms"], t.metrics["energy_mJ"]) for t in trials}

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] <= other[0] and one[1] <= other[1]

    return {n for n, p in points.items() if not any(beats(q, p) for q in points.values())}


@pytest.mark.parametrize("controller", Study.controllers())
def test_orders_of_asking_and_telling_make_no_difference(controller: str) -> None:
    plain = study(controller=controller)
    plain.run(evaluate, 24)
    shuffled = study(controller=controller)
    order = random.Random(1)
    while shuffled.told < 24:
        trials = shuffled.ask(order.choice([1, 4, None]))
        order.shuffle(trials)
        for trial in trials:
            told = order.choice([trial, trial.number, trial.rollout])
            shuffled.tell(told, figures(trial.rollout))
    assert shuffled.trials() == plain.trials()
    assert shuffled.hypervolume() == plain.hypervolume() > 0
    assert study(controller=controller, seed=4).ask() != study(controller=controller).ask()


@pytest.mark.parametrize("controller", Study.controllers())
def test_a_written_study_goes_on(controller: str) -> None:
    plain = study(controller=controller)
    plain.run(evaluate, 30)
    broken = study(controller=controller)
    broken.run(evaluate, 15)
    trials = broken.ask()
    assert [trial.number for trial in trials] == [15, 16, 17]
    broken.tell(trials[1], figures(trials[1].rollout))
    for again in (Study.from_json(broken.to_json()), pickle.loads(pickle.dumps(broken))):
        assert again.trials() == plain.trials()[:15] and again.told == 16 and not again.pending
        assert again.ask(1)[0] == trials[0]
        again.release(15)
        again.run(evaluate, 30)
        assert again.trials() == plain.trials()
        assert again.hypervolume() == plain.hypervolume()


def test_constraints_and_failures() -> None:
    asked = study(constraints="latency_ms <= 110", objectives={"energy_mJ": "maximise"})
    assert asked.metrics == ["energy_mJ", "latency_ms"]

    def sometimes(candidate: pimnas.Candidate) -> dict[str, float]:
        told = figures(candidate.rollout)
        if told["energy_mJ"] < 13:
            raise pimnas.MappingError("too small")
        if told["energy_mJ"] < 15:
            raise RuntimeError("broken")
        return told

    assert asked.run(sometimes, 40, catch=RuntimeError) == "evaluations"
    states = {trial.state for trial in asked.trials()}
    assert states == {"complete", "infeasible", "failed"}
    for trial in asked.trials():
        told = figures(trial.rollout)
        if told["energy_mJ"] < 15:
            expected = "too small" if told["energy_mJ"] < 13 else "broken"
            assert trial.reasons == [expected] and trial.metrics == {}
        else:
            assert trial.metrics == {name: told[name] for name in asked.metrics}
            over = max(0.0, told["latency_ms"] - 110) / 110
            assert trial.violation == pytest.approx(over)
            assert trial.state == ("infeasible" if over else "complete")
    best = max(t.metrics["energy_mJ"] for t in asked.trials() if t.state == "complete")
    assert {trial.metrics["energy_mJ"] for trial in asked.front()} == {best}


def test_hypervolume_from_a_point() -> None:
    asked = study()
    asked.run(evaluate, 20)
    front = sorted((t.metrics["latency_ms"], t.metrics["energy_mJ"]) for t in asked.front())
    expected, top = 0.0, 40.0
    for latency, energy in front:
        expected += max(0.0, 300 - latency) * max(0.0, top - energy)
        top = min(top, energy)
    assert asked.hypervolume([300, 40]) == pytest.approx(expected)
    assert asked.hypervolume({"energy_mJ": 40, "latency_ms": 300}) == pytest.approx(expected)
    given = study(reference={"energy_mJ": 40, "latency_ms": 300})
    given.run(evaluate, 20)
    assert given.hypervolume() == pytest.approx(expected)


def test_an_exhausted_space() -> None:
    small = pimnas.Space.from_toml(SMALL)
    asked = Study(small, "latency_ms", "random", batch=4)
    assert asked.run(lambda candidate: {"latency_ms": 1}, 100) == "exhausted"
    assert len(asked) == small.size() and len({t.rollout for t in asked.trials()}) == len(asked)
    assert asked.ask() == []


def test_an_evaluation_that_is_broken_off_is_handed_back() -> None:
    asked = study()
    asked.run(evaluate, 4)

    def interrupted(_: pimnas.Candidate) -> dict[str, float]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked.run(interrupted, 40)
    assert asked.told == 4 and not asked.pending
    seen: list[int] = []
    asked.run(evaluate, 24, callback=lambda _, trial: seen.append(trial.number))
    plain = study()
    plain.run(evaluate, 24)
    assert asked.trials() == plain.trials() and seen == list(range(4, 24))
    assert asked.run(evaluate, 10**9, seconds=0.05) == "wall_time" and asked.told > 24


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to itself")
def test_ctrl_c_ends_a_run() -> None:
    asked = study()
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            asked.run(evaluate, 10**7)
    finally:
        timer.cancel()
    assert not asked.pending
    plain = study()
    plain.run(evaluate, asked.told)
    assert plain.trials() == asked.trials()


def test_trials_can_be_pickled() -> None:
    asked = study()
    for trial in (asked.ask(1)[0], *ran().trials()):
        again = pickle.loads(pickle.dumps(trial))
        assert again == trial and again.rollout == trial.rollout
        assert again.metrics == trial.metrics and again.parents == trial.parents
    assert {trial.origin for trial in ran().trials()} >= {"drawn", "mutated"}


def ran() -> Study:
    asked = study(controller="regularised-evolution", batch=2)
    asked.run(evaluate, 70)
    return asked


def refused(action: Any, code: str, words: str = "") -> SearchError:
    with pytest.raises(SearchError, match=words or None) as caught:
        action()
    assert caught.value.hint, "there is a hint"
    assert caught.value.code == code
    return caught.value


def test_studies_that_cannot_be() -> None:
    refused(lambda: study(space="gibon"), "space", "gibon")
    refused(lambda: study(space=3), "space")
    assert "gibbon" in (refused(lambda: study(space="gibon"), "space").hint or "")
    refused(lambda: study(objectives=[]), "goals", "no objective")
    refused(lambda: study(objectives=None), "objectives")
    refused(lambda: study(objectives=[1]), "objectives")
    refused(lambda: study(objectives=["latency_ms", "latency_ms"]), "goals", "twice")
    error = refused(lambda: study(objectives="latency"), "objective")
    assert "latency_ms" in (error.hint or "")
    assert "maximise" in (refused(lambda: study(objectives="beauty"), "objective").hint or "")
    refused(lambda: study(objectives={"beauty": "up"}), "direction", "up")
    refused(lambda: study(constraints="area"), "goals", "area")
    refused(lambda: study(constraints=[None]), "constraints")
    refused(lambda: study(controller="nsga4"), "controller")
    for name in ("seed", "batch", "horizon"):
        for wrong in (-1, 1.5, "3", 10**30, [1]):
            refused(lambda name=name, wrong=wrong: study(**{name: wrong}), "number", name)
    refused(lambda: study(batch=0), "number", "batch")
    for wrong in ([1], {"latency_ms": 1}, {"latency_ms": 1, "energy": 2}, 5):
        refused(lambda wrong=wrong: study(reference=wrong), "reference")
    refused(lambda: study(reference=[1, float("nan")]), "metric-not-finite")
    with pytest.raises(pimnas.ConfigError):
        study(hardware=5)
    with pytest.raises(TypeError):
        study(controller=5)


def test_things_that_cannot_be_told() -> None:
    asked = study()
    trial = asked.ask(1)[0]
    good = figures(trial.rollout)
    refused(lambda: asked.tell(trial), "tell")
    refused(lambda: asked.tell(trial, good, failed="no"), "tell")
    refused(lambda: asked.tell(trial, [1, 2]), "metric-mapping")  # type: ignore[arg-type]
    refused(lambda: asked.tell(trial, {}), "metric-missing", "latency_ms")
    refused(lambda: asked.tell(trial, good | {"latency_ms": None}), "metric-missing")
    error = refused(lambda: asked.tell(trial, good | {"latncy_ms": 1}), "metric-unknown")
    assert "latency_ms" in (error.hint or "")
    for wrong in (float("nan"), float("inf"), -float("inf")):
        refused(lambda w=wrong: asked.tell(trial, good | {"energy_mJ": w}), "metric-not-finite")
    for wrong in ("3", [1.0], 1j, object()):
        refused(lambda w=wrong: asked.tell(trial, good | {"energy_mJ": w}), "metric-wrong-type")
    refused(lambda: asked.tell(trial, failed=3), "tell-reason")  # type: ignore[arg-type]
    refused(lambda: asked.tell("first", good), "tell")  # type: ignore[arg-type]
    refused(lambda: asked.tell(-1, good), "tell")
    refused(lambda: asked.tell(77, good), "tell", "77")
    refused(lambda: asked.release(1), "tell")
    refused(lambda: asked.tell(study(seed=9).ask(1)[0], good), "tell", "another study")
    refused(lambda: asked.tell(asked.space.sample(1, seed=99)[0], good), "tell", "not asked")
    refused(lambda: asked.ask(0), "number")
    refused(lambda: asked.ask("all"), "number")  # type: ignore[arg-type]
    asked.ask()
    refused(asked.ask, "study-pending", "6 of it")
    assert asked.told == 0 and len(asked.pending) == 6
    asked.tell(trial, good)
    refused(lambda: asked.tell(trial, good), "tell", "before")


def test_evaluations_that_do_not_give_metrics() -> None:
    asked = study()
    refused(lambda: asked.run(None, 3), "evaluate")  # type: ignore[arg-type]
    refused(lambda: asked.run(evaluate, 3, callback=3), "evaluate")  # type: ignore[arg-type]
    refused(lambda: asked.run(evaluate, -3), "number")
    refused(lambda: asked.run(lambda _: None, 3), "metric-mapping")  # type: ignore[arg-type, return-value]
    refused(lambda: asked.run(lambda c: evaluate(c) | {"energy_mJ": float("nan")}, 3), "metric-not-finite")
    assert asked.told == 0 and not asked.pending
    refused(lambda: asked.decode("{}"), "genotype")


def test_damaged_studies() -> None:
    for text in ("", "{}", "[]", "null", '{"study": 1}'):
        refused(lambda text=text: Study.from_json(text), "study-damaged")
    asked = study()
    asked.run(evaluate, 9)
    whole = json.loads(asked.to_json())

    def changed(path: list[Any], value: Any) -> str:
        copy = json.loads(json.dumps(whole))
        inner = copy
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return json.dumps(copy)

    for path, value in [
        (["study"], 7),
        (["setup", "seed"], 4),
        (["setup", "batch"], 5),
        (["setup", "controller"], "random"),
        (["trials"], whole["trials"][:3]),
        (["trials", 2, "id"], 3),
        (["trials", 2, "figures"], []),
        (["trials", 2, "rollout"], [99] * 17),
        (["trials", 7, "rollout"], whole["trials"][6]["rollout"]),
        (["trials", 7, "figures"], [1]),
        (["early"], [[3, {"figures": [1, 2]}]]),
        (["early"], [[99, {"figures": [1, 2]}]]),
        (["snapshot", "state"], "nonsense"),
    ]:
        refused(lambda p=path, v=value: Study.from_json(changed(p, v)), "study-damaged")
    for text in ("{}", "nothing", '{"trial": {}, "rollout": {}}'):
        with pytest.raises(SearchError):
            pimnas.Trial.from_json(text)


