"""Runs of the command as journals that Optuna reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna")
journal = pytest.importorskip("optuna.storages.journal", reason="Optuna is older than 4")
optuna.logging.set_verbosity(optuna.logging.WARNING)

COMMAND = Path(__file__).resolve().parents[2] / "target" / "release" / "pimnas"
pytestmark = pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
SEARCH = "search --objective latency_ms --objective energy_mJ --seed 3 --budget 60 --out run"


def command(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [str(COMMAND), *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def searched(folder: Path, *more: str) -> Any:
    """A small run, written and loaded again."""
    command(folder, *SEARCH.split(" "), *more)
    command(folder, "optuna", "run", "--out", "journal.log")
    backend = journal.JournalFileBackend(str(folder / "journal.log"))
    return optuna.load_study(study_name="run", storage=optuna.storages.JournalStorage(backend))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("journal")
    return folder, searched(folder, "--constraint", "area_mm2 <= 40")


def test_the_study_has_what_was_searched(run: tuple[Path, Any]) -> None:
    _, study = run
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MINIMIZE"]
    assert study.metric_names == ["latency_ms", "energy_mJ"]
    assert study.user_attrs["pimnas.constraints"] == ["area_mm2 <= 40"]
    assert study.user_attrs["pimnas.seed"] == 3


def test_trials_are_those_of_the_run(run: tuple[Path, Any]) -> None:
    folder, study = run
    assert len(study.trials) == 60
    states = {"complete": "COMPLETE", "infeasible": "COMPLETE", "rejected": "FAIL"}
    for number, trial in enumerate(study.trials):
        shown = json.loads(command(folder, "show", "run", "--trial", str(number), "--format", "json"))
        assert trial.state.name == states[shown["outcome"]]
        assert trial.params == shown["genotype"]["decisions"]
        assert trial.user_attrs["hash"] == shown["genotype_hash"]
        assert trial.user_attrs["parents"] == shown["parents"]
        metrics = {name: value for name, value in shown["metrics"].items() if value is not None}
        assert {name: trial.user_attrs[name] for name in metrics} == metrics
        if trial.state.name == "COMPLETE":
            assert trial.values == [metrics["latency_ms"], metrics["energy_mJ"]]
            assert trial.system_attrs["constraints"] == [metrics["area_mm2"] - 40]
        assert (shown["outcome"] == "complete") != ("rejected" in trial.user_attrs)
        assert trial.datetime_start <= trial.datetime_complete


def test_the_best_trials_are_the_front(run: tuple[Path, Any]) -> None:
    folder, study = run
    front = json.loads(command(folder, "front", "run", "--format", "json"))
    assert {trial.number for trial in study.best_trials} == {one["trial"] for one in front}
    assert any(trial.system_attrs.get("constraints", [0])[0] > 0 for trial in study.trials)


def test_samplers_of_optuna_go_on(run: tuple[Path, Any]) -> None:
    _, study = run
    study.sampler = optuna.samplers.NSGAIISampler(seed=1)
    asked = study.ask(study.trials[0].distributions)
    assert asked.params.keys() == study.trials[0].params.keys()
    study.tell(asked, [1.0, 2.0])
    assert len(study.trials) == 61 and study.trials[-1].values == [1.0, 2.0]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.log").write_text("mine")
    with pytest.raises(AssertionError, match="there is such a file already"):
        searched(tmp_path)
    assert (tmp_path / "journal.log").read_text() == "mine"
