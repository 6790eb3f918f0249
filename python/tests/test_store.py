"""Studies in files: written as they are told, continued after any end; searches of the command."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from test_study import evaluate, figures, refused, study

import pimnas
from pimnas import SearchError, Study

COMMAND = Path(__file__).resolve().parents[2] / "target" / "release" / "pimnas"


def plain(budget: int, **changes: Any) -> Study:
    """The same study in memory, never broken off."""
    asked = study(**changes)
    asked.run(evaluate, budget)
    return asked


def rows(folder: Path, table: str) -> int:
    connection = sqlite3.connect(f"file:{folder / 'run.sqlite'}?mode=ro", uri=True)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("controller", Study.controllers())
def test_a_stored_study_goes_on(tmp_path: Path, controller: str) -> None:
    run = tmp_path / "run"
    with study(controller=controller, store=run) as asked:
        assert asked.store == run
        asked.run(evaluate, 15)
    with Study.open(run) as again:
        assert again.trials() == plain(15, controller=controller).trials()
        trials = again.ask()
        assert [trial.number for trial in trials] == [15, 16, 17]
        again.tell(trials[2], figures(trials[2].rollout))
    again = Study.open(run / "run.sqlite")
    assert again.told == 16 and len(again) == 15 and not again.pending
    again.run(evaluate, 40)
    expected = plain(40, controller=controller)
    assert again.trials() == expected.trials()
    assert again.hypervolume() == expected.hypervolume()
    again.close()
    assert rows(run, "trial") == 36 and rows(run, "running") == 4


def test_what_is_told_is_there_at_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = study(store=run)
    for trial in asked.ask(4):
        asked.tell(trial, figures(trial.rollout))
        reader = Study.open(run, read_only=True)
        assert reader.trials() == asked.trials() and reader.front() == asked.front()
    refused(lambda: Study.open(run), "store-busy", "another search")
    asked.close()
    assert len(Study.open(run)) == 4


KILLED = """
import sys, pimnas
sys.path.insert(0, {tests!r})
from test_study import evaluate, study
asked = study(store={run!r}, batch={batch}) if {fresh} else pimnas.Study.open({run!r})
asked.run(evaluate, 10**6, callback=lambda _, trial: print(trial.number, flush=True))
"""


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
@pytest.mark.parametrize("batch", [1, 7, 400])
def test_a_killed_study_loses_nothing_that_it_was_told(tmp_path: Path, batch: int) -> None:
    run = tmp_path / "run"
    seen = 0
    for fresh, until in [(True, 23), (False, 61), (False, 100)]:
        code = KILLED.format(tests=str(Path(__file__).parent), run=str(run), batch=batch, fresh=fresh)
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            seen = int(line)
            if seen >= until:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with Study.open(run, read_only=True) as reader:
            assert len(reader) > seen >= until
    with Study.open(run) as again:
        done = again.told
        again.run(evaluate, done + 10)
        assert again.trials() == plain(done + 10, batch=batch).trials()


def test_a_closed_store(tmp_path: Path) -> None:
    asked = study(store=tmp_path / "run")
    trial = asked.ask(1)[0]
    asked.close()
    asked.close()
    error = refused(lambda: asked.tell(trial, figures(trial.rollout)), "store-closed", "run")
    assert "Study.open" in (error.hint or "")
    refused(asked.ask, "store-closed")
    refused(lambda: asked.run(evaluate, 3), "store-closed")
    assert asked.trials() == [] and asked.told == 0
    copy = pickle.loads(pickle.dumps(asked))
    assert copy.store is None
    copy.run(evaluate, 3)
    assert copy.trials() == plain(3).trials()
    reader = Study.open(tmp_path / "run", read_only=True)
    refused(reader.ask, "study-read-only")
    assert study().store is None
    study().close()


def test_stores_that_are_none(tmp_path: Path) -> None:
    refused(lambda: Study.open(tmp_path / "none"), "store-missing", "none")
    refused(lambda: Study.open(tmp_path), "store-missing")
    with pytest.raises(TypeError):
        Study.open(3)  # type: ignore[arg-type]
    run = tmp_path / "run"
    study(store=run).close()
    refused(lambda: study(store=run), "store-exists", "run")
    file = run / "run.sqlite"
    whole = file.read_bytes()

    def with_bytes(name: str, raw: bytes) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "run.sqlite").write_bytes(raw)
        return folder

    foreign = with_bytes("foreign", b"a text that is longer than the header of a database " * 3)
    before = (foreign / "run.sqlite").read_bytes()
    refused(lambda: Study.open(foreign), "store-foreign", "no SQLite")
    assert (foreign / "run.sqlite").read_bytes() == before
    other = tmp_path / "other"
    other.mkdir()
    connection = sqlite3.connect(other / "run.sqlite")
    connection.execute("CREATE TABLE trial (id INTEGER)")
    connection.commit()
    connection.close()
    refused(lambda: Study.open(other), "store-foreign", "another program")
    refused(lambda: study(store=other), "store-exists")
    version = bytearray(whole)
    version[60:64] = (7).to_bytes(4, "big")
    refused(lambda: Study.open(with_bytes("version", bytes(version))), "store-version", "version 7")
    refused(lambda: Study.open(with_bytes("cut", whole[: len(whole) // 2])), "store-damaged")
    refused(lambda: Study.open(with_bytes("empty", b"")), "store-damaged")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    refused(lambda: study(store=tmp_path / "file"), "store-io")


def test_stores_that_were_changed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with study(store=run) as asked:
        asked.run(evaluate, 9)

    def changed(name: str, statement: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(run, folder)
        connection = sqlite3.connect(folder / "run.sqlite")
        connection.execute(statement)
        connection.commit()
        connection.close()
        return folder

    for name, statement in {
        "proposal": "UPDATE running SET choices = (SELECT choices FROM trial WHERE id = 0)",
        "number": "UPDATE running SET id = 99 WHERE id = 8",
        "state": "UPDATE state SET snapshot = '{}'",
        "setup": "UPDATE run SET value = replace(value, '\"seed\":3', '\"seed\":4')",
        "info": "UPDATE run SET value = '[]'",
    }.items():
        with pytest.raises(SearchError) as caught:
            Study.open(changed(name, statement))
        assert caught.value.hint and "damaged" in caught.value.code, (name, caught.value)


def test_times_and_scripts_are_noted(tmp_path: Path) -> None:
    run = tmp_path / "run"

    def slow(candidate: pimnas.Candidate) -> dict[str, float]:
        time.sleep(0.002)
        return evaluate(candidate)

    with study(store=run) as asked:
        asked.run(slow, 8)
    Study.open(run).close()
    connection = sqlite3.connect(run / "run.sqlite")
    times = [row[0] for table in ("trial", "running") for row in
             connection.execute(f"SELECT spent0_ns FROM {table}")]
    reason = connection.execute("SELECT stop_reason FROM state").fetchone()[0]
    sessions = connection.execute("SELECT count(*) FROM session").fetchone()[0]
    connection.close()
    assert len(times) == 8 and min(times) >= 2_000_000
    assert reason == "evaluations" and sessions == 1, "what is only opened is left as it is"


def test_pages(tmp_path: Path) -> None:
    asked = Study("grey28", ["latency_ms", "energy_mJ"], metrics=["area_mm2", "power_W"])
    asked.run(pimnas.costs, 40)
    page = asked.report(tmp_path / "page.html", members=2)
    assert page == tmp_path / "page.html"
    text = page.read_text(encoding="utf-8")
    assert "Search of grey28" in text and "http://" not in text.replace("http://www.w3.org", "")
    assert text.count("pimnas export") == 0, "what is not stored cannot be exported"
    refused(asked.report, "report", "folder")
    refused(lambda: asked.report(tmp_path / "no" / "page.html"), "report", "no")
    refused(lambda: asked.report(tmp_path / "page.html", members=-1), "number")
    run = tmp_path / "run"
    with Study("grey28", ["latency_ms", "energy_mJ"], metrics=["area_mm2", "power_W"], store=run) as kept:
        kept.run(pimnas.costs, 40)
        text = kept.report().read_text(encoding="utf-8")
    assert (run / "report.html").is_file() and "pimnas export" in text
    # The running batch is in it.
    assert f"{len(kept)} " in text and len(kept) == 40
    empty = study()
    assert "<html" in empty.report(tmp_path / "empty.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of the command."""
    if not COMMAND.is_file():
        pytest.skip("the command is not built")
    run = tmp_path_factory.mktemp("searched") / "run"
    arguments = ["search", "--objective", "latency_ms", "--objective", "energy_mJ * (area_mm2 / 10)^0.5"]
    arguments = [*arguments[:3], "--objective", "min 1 * energy_mJ + 0.1 * area_mm2"]
    subprocess.run(
        [COMMAND, *arguments, "--constraint", "latency_ms <= 900 us", "--budget", "100", "--seed", "3",
         "--out", run],
        check=True, capture_output=True,
    )
    return run


def test_a_search_of_the_command(searched: Path, tmp_path: Path) -> None:
    import csv

    opened = Study.open(searched)
    assert len(opened) == 100 and opened.controller == "esapp" and opened.seed == 3
    assert list(opened.objectives.values()) == ["minimise", "minimise"]
    said = subprocess.run(
        [COMMAND, "front", searched, "--format", "csv"], check=True, capture_output=True, text=True
    )
    front = {int(row["trial"]): row for row in csv.DictReader(said.stdout.splitlines())}
    assert {trial.number for trial in opened.front()} == set(front)
    for trial in opened.front():
        assert trial.metrics["latency_ms"] == float(front[trial.number]["latency_ms"])
        assert trial.rollout.hash == front[trial.number]["genotype_hash"]
        scalar = trial.metrics["energy_mJ"] + 0.1 * trial.metrics["area_mm2"]
        assert trial.metrics[list(opened.objectives)[1]] == pytest.approx(scalar)
    assert opened.hypervolume() > 0
    candidate = opened.decode(opened.front()[0])
    assert pimnas.costs(candidate)["latency_ms"] == opened.front()[0].metrics["latency_ms"]
    assert {trial.state for trial in opened.trials()} >= {"complete", "infeasible"}
    error = refused(opened.ask, "study-read-only")
    assert "--resume" in (error.hint or "")
    assert opened.report(tmp_path / "page.html").is_file()
    copy = Study.from_json(opened.to_json())
    assert copy.trials() == opened.trials() and copy.hypervolume() == opened.hypervolume()
    assert copy.ask(3)


def test_a_search_of_the_command_as_a_study_of_optuna(searched: Path) -> None:
    pytest.importorskip("optuna")
    from pimnas.optuna import to_optuna

    opened = Study.open(searched)
    made = to_optuna(opened)
    assert len(made.trials) == 100
    assert {t.user_attrs["number"] for t in made.best_trials} == {t.number for t in opened.front()}


def test_the_command_reads_a_study(tmp_path: Path) -> None:
    if not COMMAND.is_file():
        pytest.skip("the command is not built")
    run = tmp_path / "run"
    with Study("grey28", ["latency_ms", "energy_mJ"], metrics=["area_mm2", "power_W"], store=run) as kept:
        kept.run(pimnas.costs, 40)

    def command(*arguments: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)

    assert " 40 of 1000" in command("status", run).stdout
    front = command("front", run, "--format", "csv").stdout.splitlines()
    assert len(front) == len(kept.front()) + 1
    export = command("export", run, "--trial", "39", "--out", tmp_path / "trial")
    assert export.returncode == 0 and (tmp_path / "trial" / "network.json").is_file()
    resumed = command("search", "--resume", run)
    assert resumed.returncode == 2 and "Study.open" in resumed.stderr
