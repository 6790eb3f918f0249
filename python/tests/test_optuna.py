"""The bridge to Optuna."""

from __future__ import annotations

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


def test_metrics_that_do_not_exist() -> None:
    from pimnas.optuna import Objective

    with pytest.raises(pimnas.SearchError, match="beauty"):
        Objective("grey28", metrics=["beauty"])
