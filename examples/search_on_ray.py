"""A search on a Ray cluster (`--address auto` for that of this machine), or on own processors.

python examples/search_on_ray.py --budget 500 --run searched

Started again with the same run it goes on where it was, however it ended; `pimnas front searched` and
`pimnas report searched` show it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pimnas
from pimnas.distributed import Progress, RayBackend


def evaluate(candidate: pimnas.Candidate) -> dict[str, float]:
    """The figures of merit of a candidate; an accuracy of a super net would come here, too."""
    return pimnas.costs(candidate)


def begun(arguments: argparse.Namespace) -> pimnas.Study:
    """The study of the run, or a new one."""
    run: Path = arguments.run
    if run.exists():
        return pimnas.Study.open(run)
    return pimnas.Study(
        arguments.space,
        ["latency_ms", "energy_mJ"],
        "nsga2",
        seed=arguments.seed,
        constraints="area_mm2 <= 100",
        metrics="power_W",
        batch=256,
        horizon=arguments.budget,
        store=run,
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--address")
    parser.add_argument("--space", default="grey28")
    parser.add_argument("--budget", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", type=Path, default=Path("searched"))
    arguments = parser.parse_args()

    said = time.monotonic()

    def say(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > 5:
            said = time.monotonic()
            print(progress, flush=True)

    study = begun(arguments)
    backend = RayBackend(arguments.address)
    progress = backend.run(study, evaluate, arguments.budget, progress=say)
    print(progress)
    print(study)
    for trial in study.front():
        print(trial)


if __name__ == "__main__":
    main()
