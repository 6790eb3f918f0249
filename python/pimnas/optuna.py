"""Searches by Optuna, and results as studies of Optuna.

:class:`Objective` is what ``study.optimize`` takes: any sampler of Optuna decides for the decisions
of a space, pimnas evaluates the candidate. :func:`to_optuna` gives a :class:`pimnas.Study` as a
study of Optuna, :func:`add_rollouts` writes rollouts that were evaluated elsewhere into one, for its
plots and, with a storage, for ``optuna-dashboard``.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal, Optional, Union

from pimnas import simulate
from pimnas._errors import MappingError, SearchError
from pimnas._native import Candidate, Rollout, SimReport, Space, Study, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import optuna

__all__ = ["Objective", "add_rollouts", "distributions", "to_optuna"]

# Figures of a simulation; smaller is better.
_METRICS = ("latency_ms", "energy_mJ", "area_mm2", "power_W")
_ACCURACY = "accuracy"


def distributions(space: Space) -> dict[str, optuna.distributions.CategoricalDistribution]:
    """The choices of each decision of a space."""
    from optuna.distributions import CategoricalDistribution

    return {
        decision["path"]: CategoricalDistribution(decision["choices"])
        for decision in space.decisions
    }


class Objective:
    """The figures of merit of a space's candidates.

    ``metrics`` are those of a simulation, in their order as the values of a trial; ``accuracy``, a
    function of a :class:`pimnas.Candidate`, adds its result as the last value. All decisions are
    suggested, those that do not count are dropped: trials of the same candidate have the same user
    attribute ``hash``. A candidate that violates the space's requirements or does not fit the
    hardware is pruned.
    """

    def __init__(
        self,
        space: Union[Space, str],
        hardware: Any = None,
        *,
        metrics: Sequence[str] = ("latency_ms", "energy_mJ"),
        accuracy: Optional[Callable[[Candidate], float]] = None,
        fidelity: str = "reference",
    ) -> None:
        self.space = Space(space) if isinstance(space, str) else space
        self.hardware = hardware
        unknown = [metric for metric in metrics if metric not in _METRICS]
        if unknown or not (metrics or accuracy):
            raise SearchError(
                f"there is no metric {', '.join(unknown)}" if unknown else "there is no metric",
                "metric",
                f"give one or more of {', '.join(_METRICS)}",
            )
        self.metrics = tuple(metrics)
        self.accuracy = accuracy
        self.fidelity = fidelity

    @property
    def directions(self) -> list[str]:
        """The directions for ``optuna.create_study``."""
        return ["minimize"] * len(self.metrics) + ["maximize"] * (self.accuracy is not None)

    @property
    def names(self) -> list[str]:
        """The names of the values, for ``study.set_metric_names``."""
        return [*self.metrics, *([_ACCURACY] if self.accuracy else [])]

    def __call__(self, trial: optuna.Trial) -> Union[float, tuple[float, ...]]:
        """Evaluate a trial."""
        import optuna

        decisions = {
            path: trial.suggest_categorical(path, choices.choices)
            for path, choices in distributions(self.space).items()
        }
        try:
            candidate = self.space.decode(decisions, self.hardware)
            report = simulate(candidate.network, candidate.hardware, fidelity=self.fidelity)
        except (SearchError, MappingError) as error:
            trial.set_user_attr("rejected", error.message)
            raise optuna.TrialPruned(error.message) from error
        trial.set_user_attr("hash", candidate.rollout.hash)
        values = self._values(candidate, report)
        return values[0] if len(values) == 1 else values

    def _values(self, candidate: Candidate, report: SimReport) -> tuple[float, ...]:
        values = [float(getattr(report, metric)) for metric in self.metrics]
        if self.accuracy is not None:
            values.append(float(self.accuracy(candidate)))
        return tuple(values)


def add_rollouts(
    study: optuna.Study,
    space: Space,
    trials: Iterable[tuple[Rollout, Union[Sequence[float], Mapping[str, float]]]],
) -> None:
    """Add evaluated rollouts, each with its values in the order of the study's directions."""
    from optuna.trial import create_trial

    known = distributions(space)
    for rollout, given in trials:
        values = list(given.values()) if hasattr(given, "values") else list(given)
        decisions = rollout.decisions
        study.add_trial(
            create_trial(
                params=decisions,
                distributions={path: known[path] for path in decisions},
                values=[float(value) for value in values],
                user_attrs={"hash": rollout.hash},
            )
        )


def to_optuna(
    study: Study,
    *,
    storage: Union[str, optuna.storages.BaseStorage, None] = None,
    name: Optional[str] = None,
) -> optuna.Study:
    """A study with the same trials; in ``storage``, such as ``sqlite:///runs.db``, where given.

    What broke a constraint or failed is a failed trial, with the reason as a user attribute: Optuna
    counts every complete trial of a study that was not optimised here as feasible. What a search of
    the command ended before its last stage is a pruned one. Numbers, metrics
    beside the objectives, origin and parents are user attributes. A study that is in the storage
    under that name gets the trials that it does not have.
    """
    import optuna

    if not isinstance(study, Study):
        raise SearchError(f"{study!r} is no study", "study", "give a pimnas.Study")
    made = optuna.create_study(
        storage=storage,
        study_name=name,
        directions=[_WAYS[way] for way in study.objectives.values()],
        load_if_exists=name is not None,
    )
    if [_WAYS[way] for way in study.objectives.values()] != [
        direction.name.lower() for direction in made.directions
    ]:
        raise SearchError(
            f"the study {name!r} of the storage has other objectives",
            "optuna-study",
            "give another name",
        )
    with warnings.catch_warnings():
        # Optuna says at every call that its interface may change.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        made.set_metric_names(list(study.objectives))
    for key, value in {
        "space": study.space.name,
        "controller": study.controller,
        "seed": study.seed,
        "constraints": study.constraints,
    }.items():
        made.set_user_attr(f"pimnas.{key}", value)
    known = {trial.user_attrs.get("number") for trial in made.get_trials(deepcopy=False)}
    choices = distributions(study.space)
    fresh = (trial for trial in study.trials() if trial.number not in known)
    made.add_trials([_frozen(trial, list(study.objectives), choices) for trial in fresh])
    return made


# What a search of the command ends early, and why.
_PRUNED = {
    "dominated": "dominated even at its best",
    "predicted": "dominated even at what is predicted at best",
    "outclassed": "behind the better ones of its batch",
}
# Names of directions here and there.
_WAYS: dict[str, Literal["minimize", "maximize"]] = {"minimise": "minimize", "maximise": "maximize"}


def _frozen(
    trial: Trial,
    objectives: list[str],
    choices: dict[str, optuna.distributions.CategoricalDistribution],
) -> optuna.trial.FrozenTrial:
    from optuna.trial import TrialState, create_trial

    decisions = trial.rollout.decisions
    attributes: dict[str, Any] = {
        "number": trial.number,
        "hash": trial.rollout.hash,
        "origin": trial.origin,
        "parents": trial.parents,
        **trial.metrics,
    }
    is_complete = trial.state == "complete"
    state = TrialState.COMPLETE if is_complete else TrialState.FAIL
    if trial.state in _PRUNED:
        state = TrialState.PRUNED
        attributes["rejected"] = _PRUNED[trial.state]
    elif not is_complete:
        broken = f"constraints are broken by {trial.violation:.3g}"
        attributes["rejected"] = "; ".join(trial.reasons) or broken
    return create_trial(
        state=state,
        params=decisions,
        distributions={path: choices[path] for path in decisions},
        values=[trial.metrics[name] for name in objectives] if is_complete else None,
        user_attrs=attributes,
    )
