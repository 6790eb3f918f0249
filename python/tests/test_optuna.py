"""The bridge to Optuna."""

from __future__ import annotations

import json
import wsgiref.util
from typing import Any

import pytest

import pimnas

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_a_study_of_a_space() -> None:
    from pimnas.optuna import Objective

    objective = Objective("grey28", metrics=("latency_ms", "energy_mJ"))
    study = optuna.create_study(
        directions=objective.directions, sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.optimize(objective, n_trials=8)
    done = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    assert done and study.best_trials
    for trial in done:
        candidate = objective.space.decode(trial.params)
        assert candidate.rollout.hash == trial.user_attrs["hash"]
        report = pimnas.simulate(candidate.network, candidate.hardware)
        assert trial.values == [report.latency_ms, report.energy_mJ]


def test_one_value_and_an_accuracy() -> None:
    from pimnas.optuna import Objective

    objective = Objective("grey28", metrics=(), accuracy=lambda candidate: len(candidate.network))
    assert objective.directions == ["maximize"] and objective.names == ["accuracy"]
    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=3)
    assert study.best_value >= 1


def test_impossible_candidates_are_pruned() -> None:
    from pimnas.optuna import Objective

    tiny = pimnas.Hardware({"Architecture level/Tile_Num": "1,1"})
    study = optuna.create_study()
    study.optimize(Objective("grey28", tiny, metrics=["area_mm2"]), n_trials=2)
    assert {trial.state for trial in study.trials} == {optuna.trial.TrialState.PRUNED}
    assert "tiles" in study.trials[0].user_attrs["rejected"]


def test_rollouts_as_a_study() -> None:
    from pimnas.optuna import add_rollouts

    space = pimnas.Space("grey28")
    rollouts = space.sample(5, seed=2)
    study = optuna.create_study(directions=["minimize", "maximize"])
    add_rollouts(study, space, [(rollout, (index, -index)) for index, rollout in enumerate(rollouts)])
    assert [trial.params for trial in study.trials] == [rollout.decisions for rollout in rollouts]
    assert [trial.values for trial in study.trials] == [[i, -i] for i in range(5)]


def searched() -> pimnas.Study:
    study = pimnas.Study(
        "grey28",
        {"latency_ms": "minimise", "accuracy": "maximise"},
        "regularised-evolution",
        seed=2,
        constraints="energy_mJ <= 0.01",
        metrics="area_mm2",
        batch=5,
    )

    def evaluate(candidate: pimnas.Candidate) -> dict[str, float]:
        told = pimnas.costs(candidate)
        if candidate.rollout.hash[0] in "012":
            raise pimnas.MappingError("too bad")
        names = ("latency_ms", "energy_mJ", "area_mm2")
        return {name: told[name] for name in names} | {"accuracy": told["power_W"]}

    study.run(evaluate, 40)
    return study


def test_a_run_as_a_study(tmp_path) -> None:
    from pimnas.optuna import to_optuna

    study = searched()
    storage = f"sqlite:///{tmp_path / 'runs.db'}"
    made = to_optuna(study, storage=storage, name="run")
    again = optuna.load_study(study_name="run", storage=storage)
    assert [direction.name for direction in again.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert again.metric_names == ["latency_ms", "accuracy"]
    states = {"complete": "COMPLETE", "infeasible": "FAIL", "failed": "FAIL"}
    assert len(again.trials) == 40
    assert {trial.state for trial in study.trials()} == set(states)
    for trial, theirs in zip(study.trials(), again.trials):
        assert theirs.state.name == states[trial.state]
        assert theirs.params == trial.rollout.decisions
        assert theirs.user_attrs["number"] == trial.number
        assert theirs.user_attrs["parents"] == trial.parents
        if trial.state == "complete":
            assert theirs.values == [trial.metrics["latency_ms"], trial.metrics["accuracy"]]
            assert theirs.user_attrs["area_mm2"] == trial.metrics["area_mm2"]
        else:
            assert theirs.user_attrs["rejected"]
    best = {trial.user_attrs["number"] for trial in made.best_trials}
    assert best == {trial.number for trial in study.front()}

    study.run(lambda candidate: {"latency_ms": 1, "accuracy": 2, "energy_mJ": 0}, 45)
    to_optuna(study, storage=storage, name="run")
    assert len(optuna.load_study(study_name="run", storage=storage).trials) == 45
    other = pimnas.Study("grey28", "latency_ms")
    with pytest.raises(pimnas.SearchError, match="other objectives"):
        to_optuna(other, storage=storage, name="run")
    with pytest.raises(pimnas.SearchError, match="no study"):
        to_optuna(made)
    assert len(to_optuna(study).trials) == 45


def test_the_dashboard_shows_a_run(tmp_path) -> None:
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is not installed")
    from pimnas.optuna import to_optuna

    study = searched()
    storage = f"sqlite:///{tmp_path / 'runs.db'}"
    number = to_optuna(study, storage=storage, name="run")._study_id
    app = dashboard.wsgi(storage)

    def ask(path: str) -> dict[str, Any]:
        statuses: list[str] = []
        environment: dict[str, Any] = {}
        wsgiref.util.setup_testing_defaults(environment)
        environment["PATH_INFO"] = path
        body = b"".join(app(environment, lambda status, headers, *_: statuses.append(status)))
        assert statuses == ["200 OK"], (statuses, body[:300])
        return dict(json.loads(body))

    (summary,) = ask("/api/studies")["study_summaries"]
    assert summary["study_name"] == "run" and summary["directions"] == ["minimize", "maximize"]
    details = ask(f"/api/studies/{number}")
    assert len(details["trials"]) == 40
    assert len(details["best_trials"]) == len(study.front())
    (attribute,) = [a for a in details["user_attrs"] if a["key"] == "pimnas.constraints"]
    assert json.loads(attribute["value"]) == ["energy_mJ <= 0.01"]


def test_metrics_that_do_not_exist() -> None:
    from pimnas.optuna import Objective

    with pytest.raises(pimnas.SearchError, match="beauty"):
        Objective("grey28", metrics=["beauty"])
