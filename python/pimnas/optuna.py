"""Searches by Optuna, and results as studies of Optuna.

:class:`Objective` is what ``study.optimize`` takes: any sampler of Optuna decides for the decisions
of a space, pimnas evaluates the candidate. :func:`add_rollouts` writes rollouts that were evaluated
elsewhere into a study, for its dashboard and its plots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from pimnas import simulate
from pimnas._errors import MappingError, SearchError
from pimnas._native import Candidate, Rollout, SimReport, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import optuna

__all__ = ["Objective", "add_rollouts", "distributions"]

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
