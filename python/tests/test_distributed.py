"""Studies on Ray: the same trials as one process, whatever happens to workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest

import pimnas
from pimnas import SearchError, Study

ray = pytest.importorskip("ray", reason="Ray is not installed")

from pimnas.distributed import Progress, RayBackend, load, save  # noqa: E402

# Workers do not find the folder of the tests.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])

TRIALS = 36
WEIGHTS = np.arange(2_000_000, dtype=np.float64)


def study(store: Optional[str] = None) -> Study:
    goals = ["latency_ms", "energy_mJ"]
    return Study("grey28", goals, "nsga2", seed=5, batch=12, horizon=TRIALS, store=store)


def slow(candidate: pimnas.Candidate, weights: Any) -> dict[str, float]:
    """The simulator's figures, some tens of milliseconds late, and something from the weights."""
    time.sleep(0.04)
    told = pimnas.costs(candidate)
    place = int(candidate.rollout.hash[:5], 16)
    return {"latency_ms": told["latency_ms"] + weights[place] * 1e-9, "energy_mJ": told["energy_mJ"]}


def quick(candidate: pimnas.Candidate) -> dict[str, float]:
    told = pimnas.costs(candidate)
    return {name: told[name] for name in ("latency_ms", "energy_mJ")}


@pytest.fixture(scope="module")
def expected() -> list[pimnas.Trial]:
    alone = study()
    alone.run(lambda candidate: slow(candidate, WEIGHTS), TRIALS)
    return alone.trials()


@pytest.fixture()
def cluster() -> Iterator[Any]:
    """A head without processors for the driver, and two nodes of two."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_TQDM_PATCH_PRINT"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.add_node(num_cpus=2)
    made.add_node(num_cpus=2)
    made.wait_for_nodes()
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def single() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def test_four_workers_on_two_nodes_give_the_same_trials(cluster: Any, expected: Any) -> None:
    ran = study()
    progress = RayBackend().run(ran, slow, TRIALS, shared=WEIGHTS)
    assert ran.trials() == expected
    assert progress.told == progress.trials == TRIALS and progress.lost_tasks == 0
    assert len(progress.workers) >= 4
    assert len({worker.node for worker in progress.workers.values()}) == 2
    assert progress.seconds >= TRIALS * 0.04
    assert str(progress).count("worker ") == len(progress.workers)


def held(candidate: pimnas.Candidate, shared: Any) -> dict[str, float]:
    """As `slow`, but while a file is there it waits."""
    weights, mark = shared
    while Path(mark).exists():
        time.sleep(0.02)
    return slow(candidate, weights)


def test_a_node_is_lost_in_the_middle(cluster: Any, expected: Any, tmp_path: Path) -> None:
    ran = study()
    mark = tmp_path / "wait"
    enough = threading.Event()

    def lose() -> None:
        enough.wait(60)
        mark.touch()
        time.sleep(1.0)
        # By now all four workers hold a trial.
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        # Its workers end soon after it.
        time.sleep(4.0)
        mark.unlink()

    def watch(progress: Progress) -> None:
        if progress.told >= 15:
            enough.set()

    thread = threading.Thread(target=lose)
    thread.start()
    progress = RayBackend().run(ran, held, TRIALS, shared=(WEIGHTS, str(mark)), progress=watch)
    thread.join()
    assert len(cluster.worker_nodes) == 1
    assert ran.trials() == expected
    assert progress.lost_tasks >= 1, "the node had tasks"
    assert progress.trials == TRIALS, "what had come back did not run again"


def suicidal(candidate: pimnas.Candidate, folder: str) -> dict[str, float]:
    """Kills its worker the first time it sees every fourth candidate."""
    mark = Path(folder) / candidate.rollout.hash
    if candidate.rollout.hash[0] in "0123" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(candidate)


def deadly(candidate: pimnas.Candidate) -> dict[str, float]:
    os._exit(3)


def test_workers_that_are_killed(single: None, tmp_path: Path) -> None:
    alone, ran = study(), study()
    alone.run(quick, 24)
    progress = RayBackend().run(ran, suicidal, 24, shared=str(tmp_path))
    assert ran.trials() == alone.trials()
    killed = {trial.number for trial in ran.trials() if trial.rollout.hash[0] in "0123"}
    assert killed and progress.lost_tasks >= 1

    ran = study()
    with pytest.raises(SearchError, match="was lost 2 times") as caught:
        RayBackend(retries=1).run(ran, deadly, 24)
    assert caught.value.code == "worker-lost" and caught.value.hint
    assert ran.told == 0 and not ran.pending


def test_short_evaluations_are_put_together(single: None) -> None:
    alone, ran = (
        Study("grey28", ["latency_ms", "energy_mJ"], "random", batch=500) for _ in range(2)
    )
    alone.run(quick, 1000)
    progress = RayBackend(task_seconds=0.03).run(ran, quick, 1000)
    assert ran.trials() == alone.trials()
    assert progress.tasks < 300, f"{progress.tasks} tasks of {progress.seconds / 1000} s a trial"


def test_a_run_goes_on_from_its_checkpoint(single: None, tmp_path: Path) -> None:
    alone = study()
    alone.run(quick, TRIALS)
    path = tmp_path / "study.json"

    class Enough(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.told >= 17:
            raise Enough

    ran = study()
    with pytest.raises(Enough):
        RayBackend(task_seconds=0).run(ran, quick, TRIALS, checkpoint=path, progress=stop)
    assert 17 <= ran.told < TRIALS and not ran.pending
    again = load(path)
    assert again.told == ran.told
    RayBackend().run(again, quick, TRIALS, checkpoint=path)
    assert again.trials() == alone.trials() == load(path).trials()


def raises(candidate: pimnas.Candidate) -> dict[str, float]:
    if candidate.rollout.hash[0] in "01234567":
        raise ZeroDivisionError("nothing to divide")
    return quick(candidate)


def test_evaluations_that_raise(single: None) -> None:
    ran = study()
    with pytest.raises(ZeroDivisionError, match="nothing to divide"):
        RayBackend().run(ran, raises, TRIALS)
    assert not ran.pending
    RayBackend().run(ran, raises, TRIALS, catch=ZeroDivisionError)
    alone = study()
    alone.run(raises, TRIALS, catch=ZeroDivisionError)
    assert ran.trials() == alone.trials()
    assert any(trial.reasons == ["nothing to divide"] for trial in ran.trials())


def nan(candidate: pimnas.Candidate) -> dict[str, float]:
    return {"latency_ms": float("nan"), "energy_mJ": 1.0}


def nothing(candidate: pimnas.Candidate) -> Any:
    return None


def test_what_cannot_be_run(single: None, tmp_path: Path) -> None:
    backend = RayBackend()
    ran = study()

    def refused(action: Any, code: str) -> None:
        with pytest.raises(SearchError) as caught:
            action()
        assert caught.value.code == code and caught.value.hint

    refused(lambda: backend.run(3, quick, 5), "study")  # type: ignore[arg-type]
    refused(lambda: backend.run(ran, None, 5), "evaluate")  # type: ignore[arg-type]
    refused(lambda: backend.run(ran, quick, 5, progress=3), "evaluate")  # type: ignore[arg-type]
    refused(lambda: backend.run(ran, quick, 0), "number")
    refused(lambda: backend.run(ran, quick, 2.5), "number")  # type: ignore[arg-type]
    refused(lambda: backend.run(ran, nan, 5), "metric-not-finite")
    refused(lambda: backend.run(ran, nothing, 5), "metric-mapping")
    refused(lambda: backend.run(ran, quick, 5, checkpoint=tmp_path / "no" / "x"), "study-unwritable")
    refused(lambda: save(ran, tmp_path), "study-unwritable")
    refused(lambda: load(tmp_path / "none"), "study-unreadable")
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    refused(lambda: load(tmp_path / "bad"), "study-unreadable")
    (tmp_path / "bad").write_text("{}")
    refused(lambda: load(tmp_path / "bad"), "study-damaged")
    for wrong in ({"workers": 0}, {"retries": -1}, {"task_seconds": float("nan")}, {"num_cpus": "1"}):
        refused(lambda wrong=wrong: RayBackend(**wrong), "number")
    ran.ask(1)
    refused(lambda: backend.run(ran, quick, 5), "study-pending")


DRIVER = """
import sys
sys.path.insert(0, {tests!r})
import ray
import pimnas
from test_distributed import WEIGHTS, RayBackend, slow, study
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
kept = pimnas.Study.open({run!r}) if {again} else study({run!r})
RayBackend().run(kept, slow, {budget}, shared=WEIGHTS,
                 progress=lambda progress: print(progress.told, flush=True))
"""


def test_a_killed_driver_goes_on_from_its_store(tmp_path: Path, expected: Any) -> None:
    run = tmp_path / "run"

    def driver(again: bool) -> subprocess.Popen[str]:
        code = DRIVER.format(
            tests=str(Path(__file__).parent), run=str(run), again=again, budget=TRIALS
        )
        return subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    first = driver(again=False)
    assert first.stdout is not None
    for line in first.stdout:
        if int(line) >= 17:
            break
    # Ray's own processes are of the same session.
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    first.stdout.close()
    with Study.open(run, read_only=True) as left:
        assert 17 <= left.told < TRIALS
        assert left.trials() == expected[: len(left)]
    second = driver(again=True)
    said = second.communicate(timeout=300)[0]
    assert second.returncode == 0 and said.splitlines()[-1] == str(TRIALS)
    with Study.open(run) as done:
        assert done.trials() == expected and not done.pending
