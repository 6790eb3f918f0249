"""Design a neural network and the processing-in-memory hardware that runs it, together.

The four steps of a search in Python: take a :class:`Space` or a network of your own, choose a
:class:`Hardware`, put both into an :class:`Interface`, and ask it. A :class:`Study` does that many
times and keeps the front. ``pimnas.mnsim`` takes the place of the reference's interface in existing
code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from pimnas import _native
from pimnas._errors import (
    ConfigError,
    MappingError,
    NetworkError,
    PimnasError,
    SearchError,
)
from pimnas._native import (
    AccuracyReport,
    Candidate,
    Explanation,
    Hardware,
    Interface,
    Network,
    Rollout,
    SimReport,
    Space,
    Study,
    SuperNet,
    SuperNetCandidate,
    Sweep,
    Trial,
    __version__,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import ArrayLike

    from pimnas._native import _Hardware as _HardwareLike
    from pimnas._native import _Network as _NetworkLike

__all__ = [
    "AccuracyReport",
    "Candidate",
    "ConfigError",
    "Explanation",
    "Hardware",
    "Interface",
    "MappingError",
    "Network",
    "NetworkError",
    "PimnasError",
    "Rollout",
    "SearchError",
    "SimReport",
    "Space",
    "Study",
    "SuperNet",
    "SuperNetCandidate",
    "Sweep",
    "Trial",
    "__version__",
    "accuracy",
    "costs",
    "judged",
    "explain",
    "simulate",
    "sweep",
]


def _mode(
    inner_pipeline: bool,
    fidelity: str,
    keep: Iterable[str],
    correct: Iterable[str],
    replication: Iterable[int],
) -> dict[str, Any]:
    return {
        "inner_pipeline": inner_pipeline,
        "fidelity": fidelity,
        "keep": list(keep),
        "correct": list(correct),
        "replication": list(replication),
    }


def simulate(
    network: _NetworkLike,
    hardware: _HardwareLike = None,
    *,
    inner_pipeline: bool = True,
    fidelity: str = "reference",
    keep: Iterable[str] = (),
    correct: Iterable[str] = (),
    replication: Iterable[int] = (),
) -> SimReport:
    """Latency, energy, area and power of a network on a hardware.

    ``network`` is a :class:`Network`, a name of the zoo or a file; ``hardware`` a :class:`Hardware`,
    a file, or None for the default. ``keep`` and ``correct`` name single defects of the reference.
    """
    mode = _mode(inner_pipeline, fidelity, keep, correct, replication)
    return _native._simulate(network, hardware, mode)


def costs(candidate: Candidate, *, fidelity: str = "reference") -> dict[str, float]:
    """The four figures of merit of a candidate by name, for :meth:`Study.run`."""
    report = simulate(candidate.network, candidate.hardware, fidelity=fidelity)
    names = ("latency_ms", "energy_mJ", "area_mm2", "power_W")
    return {name: float(getattr(report, name)) for name in names}


def judged(
    supernet: SuperNet,
    metrics: Union[str, Iterable[str]] = "crossbar_accuracy",
    *,
    draws: int = 8,
    seed: int = 0,
    fidelity: str = "reference",
) -> Callable[[Candidate], dict[str, float]]:
    """What :meth:`Study.run` evaluates with: the accuracies of a super net's candidates, in percent,
    beside the four figures of merit."""
    names = [metrics] if isinstance(metrics, str) else list(metrics)

    def evaluate(candidate: Candidate) -> dict[str, float]:
        accuracies = supernet.evaluate(
            candidate, names, draws=draws, seed=seed, fidelity=fidelity
        )
        return {**costs(candidate, fidelity=fidelity), **accuracies}

    return evaluate


def explain(
    network: _NetworkLike,
    hardware: _HardwareLike = None,
    *,
    inner_pipeline: bool = True,
    fidelity: str = "reference",
) -> Explanation:
    """What bounds the latency, where energy goes, and which knob would change it most."""
    return _native._explain(network, hardware, _mode(inner_pipeline, fidelity, (), (), ()))


def sweep(
    network: Union[_NetworkLike, Sequence[_NetworkLike]],
    hardware: _HardwareLike = None,
    *,
    axes: Optional[Mapping[str, Iterable[object]]] = None,
    points: Optional[Iterable[Mapping[str, object]]] = None,
    inner_pipeline: bool = True,
    fidelity: str = "reference",
) -> Sweep:
    """The four figures of merit on a grid (``axes``) or a list (``points``) of hardware points.

    Keys are ``"Section/Key"``; a value may be a text, a number or a sequence of numbers.
    """
    networks: list[Any] = list(network) if isinstance(network, (list, tuple)) else [network]
    grid = None if axes is None else {key: list(values) for key, values in axes.items()}
    listed = None if points is None else [dict(point) for point in points]
    mode = _mode(inner_pipeline, fidelity, (), (), ())
    return _native._sweep(networks, hardware, grid, listed, mode)


def accuracy(
    network: _NetworkLike,
    images: ArrayLike,
    labels: Union[Sequence[int], np.ndarray[Any, Any]],
    hardware: _HardwareLike = None,
    *,
    adc: str = "scale",
    fidelity: str = "reference",
    draws: int = 5,
    seed: int = 1,
    calibrate: Optional[str] = None,
    percentile: float = 99.9,
    calibration_images: int = 256,
    variation: Union[float, tuple[float, str], None] = None,
    stuck: Optional[tuple[float, float]] = None,
    on_off: Optional[float] = None,
    read_noise: Optional[float] = None,
    drift: Optional[tuple[float, float, float]] = None,
    ideal: bool = False,
) -> AccuracyReport:
    """Accuracy of a network with weights, stage by stage: floats, fixed point, converters, cells.

    ``images`` are count × the shape of one, ``labels`` one class an image. Effects are those of the
    hardware description (none with ``ideal``) and: ``variation`` in % (with a law: ``resistance``,
    ``conductance``, ``lognormal``), ``stuck`` cells in % (at high, at low resistance), ``on_off``
    ratio, ``read_noise`` in %, ``drift`` as seconds, mean exponent and its deviation. Stages with
    something random are drawn ``draws`` times. A network without scales is calibrated on the first
    images (``max``, ``percentile``, ``three-deviations``).
    """
    law = (float(variation), "resistance") if isinstance(variation, (int, float)) else variation
    arguments = {
        "adc": adc,
        "fidelity": fidelity,
        "draws": draws,
        "seed": seed,
        "calibrate": calibrate,
        "percentile": percentile,
        "calibration_images": calibration_images,
        "effects": {
            "variation": law,
            "stuck": stuck,
            "on_off": on_off,
            "read_noise": read_noise,
            "drift": drift,
            "ideal": ideal,
        },
    }
    classes = [int(label) for label in labels]
    return _native._accuracy(network, images, classes, hardware, arguments)
