"""Time of a candidate through the published interface and through pimnas, in turn.

    python python/bench/per_candidate.py --reference DIR [--rounds 5] [--batch 64]

For each recorded candidate with tensors, each round makes one interface of the published simulator and
many of pimnas from the same candidate net, and asks for the four figures; then one batch
goes through ``hardware_evaluate`` of both. Times are those of the processors. Needs a Python with PyTorch and pimnas.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import statistics
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from cases import Case, with_tensors  # noqa: E402

from pimnas.mnsim import AWNASTrainTestInterface  # noqa: E402

# Interfaces of pimnas for one of the published simulator.
REPEATS = 100


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what the published simulator prints and warns."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def published(folder: Path) -> Any:
    """The published interface; the module that starts an external program is left out."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    name = "MNSIM.NoC.interconnect_estimation"
    stub: Any = types.ModuleType(name)
    stub.interconnect_estimation = None
    sys.modules[name] = stub
    try:
        importlib.import_module("pandas")
    except ImportError:
        sys.modules["pandas"] = types.ModuleType("pandas")
    with quiet():
        return importlib.import_module("MNSIM.Interface.awnas_interface").AWNASTrainTestInterface


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processors, which other work on the machine does not change, and what came of it."""
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def four(interface: Any, net: Any, config: str) -> list[float]:
    """Construction and the four figures. The published one survives energy only before power."""
    asked = interface(None, net, config)
    return [
        asked.latency_evaluate(),
        asked.area_evaluate(),
        asked.energy_evaluate(),
        asked.power_evaluate(),
    ]


def same(ours: list[float], theirs: list[float]) -> None:
    """Both must have done the same work."""
    for got, expected in zip(ours, theirs):
        if abs(got - expected) > 1e-9 * abs(expected):
            raise SystemExit(f"figures differ: {got} and {expected}")


def costs(interface: Any, case: Case, folder: Path) -> tuple[float, float, float]:
    """Seconds of the published interface, of pimnas with a new hardware file for each candidate, and
    with one file."""
    folder.mkdir()
    config = case.config(folder)
    net = case.candidate(torch.from_numpy)
    with quiet():
        theirs, expected = timed(lambda: four(interface, net, config))
    text = Path(config).read_text(encoding="utf-8")
    files = [folder / f"{number}.ini" for number in range(REPEATS)]
    for number, file in enumerate(files):
        file.write_text(f"# candidate {number}\n{text}", encoding="utf-8")
    fresh, shared = [], []
    for file in files:
        seconds, figures = timed(lambda: four(AWNASTrainTestInterface, net, str(file)))
        fresh.append(seconds)
        same(figures, expected)
        shared.append(timed(lambda: four(AWNASTrainTestInterface, net, config))[0])
    return theirs, statistics.median(fresh), statistics.median(shared)


def outputs(interface: Any, case: Case, folder: Path, size: int) -> tuple[float, float]:
    """Seconds of a batch on crossbars, the second of an interface, by both."""
    config = case.config(folder)
    images = torch.from_numpy(case.tensors["input"].copy())
    images = images.repeat(-(-size // len(images)), *[1] * (images.dim() - 1))[:size]
    net = case.candidate(torch.from_numpy)
    seconds = []
    for kind in (interface, AWNASTrainTestInterface):
        with quiet():
            asked = kind(None, net, config)
            asked.hardware_evaluate(images)
            seconds.append(timed(lambda asked=asked: asked.hardware_evaluate(images))[0])
    return seconds[0], seconds[1]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()
    interface = published(arguments.reference)
    print("| candidate | published, ms | new file, µs | ratio | same file, µs | ratio |", end="")
    print(f" batch of {arguments.batch}: published, ms | pimnas, ms | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    ratios: list[list[float]] = [[], [], []]
    with tempfile.TemporaryDirectory(prefix="pimnas-bench-") as folder:
        for case in with_tensors():
            rows, batches = [], []
            for number in range(arguments.rounds):
                place = Path(folder) / f"{case.name}-{number}"
                rows.append(costs(interface, case, place))
                batches.append(outputs(interface, case, place, arguments.batch))
            theirs, fresh, shared = (statistics.median(column) for column in zip(*rows))
            batch_theirs, batch_ours = (statistics.median(column) for column in zip(*batches))
            by_round = [
                [row[0] / row[1] for row in rows],
                [row[0] / row[2] for row in rows],
                [row[0] / row[1] for row in batches],
            ]
            a, b, c = (statistics.median(column) for column in by_round)
            for column, value in zip(ratios, (a, b, c)):
                column.append(value)
            print(
                f"| {case.name} | {theirs * 1e3:.1f} | {fresh * 1e6:.0f} | {a:.0f} "
                f"| {shared * 1e6:.0f} | {b:.0f} "
                f"| {batch_theirs * 1e3:.0f} | {batch_ours * 1e3:.1f} | {c:.1f} |",
                flush=True,
            )
    medians = [statistics.median(column) for column in ratios]
    print("median ratios: new file {:.0f}, same file {:.0f}, outputs {:.1f}".format(*medians))


if __name__ == "__main__":
    main()
