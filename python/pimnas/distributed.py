"""Studies on a cluster, by Ray.

The driver asks a study for trials, workers evaluate them, and the study is told in whatever order
results come: what it proposes does not depend on that, so that a run gives the same trials on one
process and on many nodes, whether or not workers die in between.
"""

from __future__ import annotations

import math
import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from pimnas._errors import MappingError, SearchError
from pimnas._native import Candidate, Rollout, Space, Study, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pimnas import Hardware

__all__ = ["Progress", "RayBackend", "WorkerCost", "load", "save"]

# What is evaluated for one trial: metrics, or why it failed.
_Told = tuple[Optional[dict[str, Any]], Optional[str]]


def save(study: Study, path: Union[str, os.PathLike[str]]) -> None:
    """Write a study into a file, as a whole or not at all."""
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(study.to_json(), encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SearchError(
            f"cannot write {target}: {error.strerror}",
            "study-unwritable",
            "give a path in a directory that exists and can be written",
            str(target),
        ) from error


def load(path: Union[str, os.PathLike[str]]) -> Study:
    """The study that :func:`save` or a checkpoint wrote."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SearchError(
            f"cannot read {path}: {error}",
            "study-unreadable",
            "give the path of a checkpoint",
            str(path),
        ) from error
    return Study.from_json(text)


@dataclass
class WorkerCost:
    """What a worker did: tasks and trials that came back, and how long it computed."""

    node: str
    tasks: int = 0
    trials: int = 0
    seconds: float = 0.0


@dataclass
class Progress:
    """How far a run is. ``lost_tasks`` were on workers that died; their trials ran again."""

    told: int
    budget: int
    elapsed: float = 0.0
    tasks: int = 0
    lost_tasks: int = 0
    workers: dict[str, WorkerCost] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Time that all workers computed."""
        return sum(worker.seconds for worker in self.workers.values())

    @property
    def trials(self) -> int:
        """Trials that were evaluated in this run."""
        return sum(worker.trials for worker in self.workers.values())

    def __str__(self) -> str:
        nodes = len({worker.node for worker in self.workers.values()})
        lost = f", {self.lost_tasks} tasks lost and done again" if self.lost_tasks else ""
        lines = [
            f"{self.told} of {self.budget} trials in {self.elapsed:.1f} s, "
            f"{self.seconds:.1f} s of computing on {len(self.workers)} workers of {nodes} nodes{lost}"
        ]
        for name, worker in sorted(self.workers.items()):
            lines.append(
                f"  worker {name[:8]} on node {worker.node[:8]}: {worker.trials} trials "
                f"in {worker.tasks} tasks, {worker.seconds:.1f} s"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class _Job:
    """What a worker needs for any trial. Held in the object store, read once a process."""

    space: Space
    hardware: Hardware
    evaluate: Callable[..., Mapping[str, Any]]
    catch: tuple[type[BaseException], ...]
    has_shared: bool

    def one(self, rollout: Rollout, shared: Any) -> _Told:
        """Evaluate a rollout."""
        try:
            candidate: Candidate = self.space.decode(rollout, self.hardware)
        except SearchError as error:
            return None, error.message
        try:
            metrics = (
                self.evaluate(candidate, shared) if self.has_shared else self.evaluate(candidate)
            )
        except Exception as error:
            if not isinstance(error, (MappingError, *self.catch)):
                raise
            return None, str(getattr(error, "message", error))
        if not hasattr(metrics, "items"):
            raise SearchError(
                f"the evaluation returned {type(metrics).__name__}",
                "metric-mapping",
                "return a dictionary of metrics",
            )
        return dict(metrics.items()), None


# The job and the shared object that this process read last, by their references.
_read: dict[str, Any] = {}


def _held(key: str, references: list[Any]) -> Any:
    """What a reference stands for, from this process' memory where it has it."""
    import ray
    import ray.exceptions

    if key not in _read:
        # One run at a time uses a process; what earlier runs held is let go.
        for other in [other for other in _read if other.split("/")[0] != key.split("/")[0]]:
            del _read[other]
        try:
            _read[key] = ray.get(references[0])
        except ray.exceptions.RaySystemError as error:
            raise SearchError(
                f"a worker cannot read what it has to evaluate with: {str(error).splitlines()[0]}",
                "evaluate-unreadable",
                "define the function in the main script, or in a package that every node has",
            ) from error
    return _read[key]


def _task(run: str, held: list[list[Any]], rollouts: list[str]) -> tuple[str, str, float, list[_Told]]:
    """Evaluate some rollouts: the worker, its node, the seconds it took, and what came out."""
    import ray

    job: _Job = _held(f"{run}/job", held[0])
    shared = _held(f"{run}/shared", held[1]) if job.has_shared else None
    begin = time.perf_counter()
    told = [job.one(Rollout.from_json(text), shared) for text in rollouts]
    context = ray.get_runtime_context()
    return context.get_worker_id(), context.get_node_id(), time.perf_counter() - begin, told


def _positive(name: str, value: Any, least: float, whole: bool = True) -> None:
    right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not right or not value >= least or not math.isfinite(value):
        kind = "a whole number" if whole else "a finite number"
        raise SearchError(f"{name} is {value!r}", "number", f"give {kind} of at least {least}")


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise SearchError("Ray is not installed", "ray-missing", "pip install ray") from error
    return ray


class RayBackend:
    """Evaluates the trials of a study on a Ray cluster.

    Where this process is connected to Ray, that is used. Otherwise ``address`` is that of a cluster
    (``auto`` for the one this machine belongs to; ``RAY_ADDRESS`` stands in for it); without one, Ray
    begins here. Workers take ``num_cpus`` each and
    ``resources`` beside them; ``workers`` limits how many there are. Trials are put together such
    that a task takes ``task_seconds`` or more. Trials of a worker that dies run again, at most
    ``retries`` times each.
    """

    def __init__(
        self,
        address: Optional[str] = None,
        *,
        workers: Optional[int] = None,
        num_cpus: float = 1,
        resources: Optional[dict[str, float]] = None,
        task_seconds: float = 0.05,
        retries: int = 3,
    ) -> None:
        if workers is not None:
            _positive("workers", workers, 1)
        _positive("num_cpus", num_cpus, 0, whole=False)
        _positive("task_seconds", task_seconds, 0, whole=False)
        _positive("retries", retries, 0)
        self.workers = workers
        self.num_cpus = num_cpus
        self.task_seconds = task_seconds
        self.retries = retries
        ray = _ray()
        if not ray.is_initialized():
            # Without an address Ray would look for traces of a cluster, which may be of a dead one.
            where = address or os.environ.get("RAY_ADDRESS") or "local"
            ray.init(address=where, log_to_driver=False)
        # Lost tasks are counted and divided here, so Ray does not retry them itself.
        options: dict[str, Any] = {"num_cpus": num_cpus, "max_retries": 0}
        if resources:
            options["resources"] = resources
        self._remote = ray.remote(**options)(_task)

    def run(
        self,
        study: Study,
        evaluate: Callable[..., Mapping[str, Any]],
        budget: int,
        *,
        shared: Any = None,
        catch: Union[type[BaseException], tuple[type[BaseException], ...]] = (),
        checkpoint: Union[str, os.PathLike[str], None] = None,
        checkpoint_seconds: float = 30.0,
        progress: Optional[Callable[[Progress], object]] = None,
    ) -> Progress:
        """Evaluate until ``budget`` trials are told in total, or the space has nothing new.

        ``evaluate`` gets a :class:`pimnas.Candidate` and, where it is not None, ``shared``: an
        object, such as a super net's weights, that goes into the object store once and is read once
        by each worker process. Its result has to follow from them alone. What counts as a failed
        trial is said at :meth:`pimnas.Study.run`. ``checkpoint`` is a file for :func:`load`, written
        every ``checkpoint_seconds`` and at the end, however it ends; a study with a ``store`` needs
        none, what is told is in it. ``progress`` is called after
        each task.
        """
        if not isinstance(study, Study):
            raise SearchError(f"{study!r} is no study", "study", "give a pimnas.Study")
        for called in (evaluate, progress):
            if called is not None and not callable(called) or evaluate is None:
                raise SearchError(f"{called!r} cannot be called", "evaluate", "give a function")
        _positive("budget", budget, 1)
        _positive("checkpoint_seconds", checkpoint_seconds, 0, whole=False)
        if study.pending:
            raise SearchError(
                f"{len(study.pending)} trials of the study are asked for and not told",
                "study-pending",
                "tell the trials in `pending`, or release them",
            )
        caught = catch if isinstance(catch, tuple) else (catch,)
        job = _Job(study.space, study.hardware, evaluate, caught, shared is not None)
        run = _Run(self, study, job, shared, Progress(study.told, budget))
        if checkpoint is not None:
            save(study, checkpoint)
        saved = time.monotonic()
        try:
            while run.step():
                if progress is not None:
                    progress(run.progress)
                if checkpoint is not None and time.monotonic() - saved >= checkpoint_seconds:
                    save(study, checkpoint)
                    saved = time.monotonic()
        finally:
            run.end()
            if checkpoint is not None:
                save(study, checkpoint)
        study._ended(study.told < budget)
        return run.progress

    def slots(self) -> int:
        """How many tasks the cluster runs at a time, as it is now."""
        if not self.num_cpus:
            return self.workers or 1
        cpus = _ray().cluster_resources().get("CPU", 0.0)
        slots = max(1, int(cpus / self.num_cpus))
        return slots if self.workers is None else min(slots, self.workers)


class _Run:
    """A run in progress: trials that wait, and tasks that are out."""

    def __init__(
        self, backend: RayBackend, study: Study, job: _Job, shared: Any, progress: Progress
    ) -> None:
        self.ray = _ray()
        self.backend = backend
        self.study = study
        self.progress = progress
        self.name = os.urandom(8).hex()
        self.held = [[self.ray.put(job)], [] if shared is None else [self.ray.put(shared)]]
        self.waiting: deque[Trial] = deque()
        self.alone: set[int] = set()
        self.tasks: dict[Any, list[Trial]] = {}
        self.lost: dict[int, int] = {}
        self.begin = time.monotonic()
        self.slots = backend.slots()
        self.counted = self.begin

    def step(self) -> bool:
        """Send what there is room for and take in a result; False at the end."""
        if not self.waiting and not self.tasks:
            left = self.progress.budget - self.study.told
            if left > 0:
                self.waiting.extend(self.study.ask(left))
            if not self.waiting:
                return False
        # Nodes come and go, and to ask how many there are takes milliseconds.
        if time.monotonic() - self.counted > 1.0:
            self.slots = self.backend.slots()
            self.counted = time.monotonic()
        # One more for each worker to begin with at once, unless that would be a worker more.
        ahead = 2 if self.backend.workers is None else 1
        while self.waiting and len(self.tasks) < ahead * self.slots:
            self._send(self._take())
        ready, _ = self.ray.wait(list(self.tasks), num_returns=1, timeout=1.0)
        for reference in ready:
            self._take_in(reference, self.tasks.pop(reference))
        self.progress.told = self.study.told
        self.progress.elapsed = time.monotonic() - self.begin
        return True

    def _take(self) -> list[Trial]:
        """The next trials for one task. Those that were lost go alone: if one of them is what
        kills workers, the others pass."""
        first = self.waiting.popleft()
        if first.number in self.alone or not self.progress.trials:
            return [first]
        seconds = self.progress.seconds / self.progress.trials
        size = math.ceil(self.backend.task_seconds / max(seconds, 1e-6))
        taken = [first]
        while self.waiting and len(taken) < size and self.waiting[0].number not in self.alone:
            taken.append(self.waiting.popleft())
        return taken

    def _send(self, trials: list[Trial]) -> None:
        rollouts = [trial.rollout.to_json() for trial in trials]
        reference = self.backend._remote.remote(self.name, self.held, rollouts)
        self.tasks[reference] = trials

    def _take_in(self, reference: Any, trials: list[Trial]) -> None:
        exceptions = self.ray.exceptions
        try:
            worker, node, seconds, told = self.ray.get(reference)
        except exceptions.RayTaskError as error:
            # The evaluation raised: here as there, with the worker's traceback before it.
            raise (error.cause if isinstance(error.cause, Exception) else error) from error
        except exceptions.RayError as error:
            self._again(trials, error)
            return
        cost = self.progress.workers.setdefault(worker, WorkerCost(node))
        cost.tasks += 1
        cost.trials += len(trials)
        cost.seconds += seconds
        self.progress.tasks += 1
        for trial, (metrics, failed) in zip(trials, told):
            if metrics is None:
                self.study.tell(trial, failed=failed or "failed")
            else:
                self.study.tell(trial, metrics)

    def _again(self, trials: Iterable[Trial], error: Exception) -> None:
        self.progress.lost_tasks += 1
        for trial in sorted(trials, key=lambda trial: trial.number, reverse=True):
            self.lost[trial.number] = self.lost.get(trial.number, 0) + 1
            if self.lost[trial.number] > self.backend.retries:
                raise SearchError(
                    f"trial {trial.number} was lost {self.lost[trial.number]} times: "
                    f"{str(error).splitlines()[0]}",
                    "worker-lost",
                    "evaluate its rollout by itself; give workers more memory, or more `retries`",
                ) from error
            self.alone.add(trial.number)
            self.waiting.appendleft(trial)

    def end(self) -> None:
        """Stop what still runs, and hand its trials back."""
        for reference in self.tasks:
            self.ray.cancel(reference, force=True)
        for trial in self.study.pending:
            self.study.release(trial)
