"""Write fresh random cases, with what the reference answers, in the form of the golden cases.

The summary goes to stdout: one JSON line a case (file, seconds, error, where it was raised).
Exit codes: 0 done, 2 the arguments cannot be used.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import candidate
import hardware
import reference_modules
from cases import Case, error_record, hardware_file
from random_candidate import random_candidate, random_tensors
from random_hardware import random_hardware
from random_network import random_multiple, random_network
from random_odd import odd_hardware, odd_network
from reference_modules import BadInput, Reference
from safetensors_io import write_tensors

KINDS = ("hardware", "multiple", "odd", "candidate")


def random_case(kind: str, seed: int, index: int) -> Case:
    """The case of a kind, seed and index: the same on every run."""
    rng = random.Random(f"{kind}/{seed}/{index}")
    if kind == "odd":
        return {"network": odd_network(rng), "config_overrides": odd_hardware(rng)}
    if kind == "candidate":
        return {"mnsim_cfg": random_candidate(rng), "config_overrides": random_hardware(rng)}
    network = random_network(rng)
    case: Case = {"network": network, "config_overrides": random_hardware(rng)}
    if kind == "multiple":
        case["multiple"] = random_multiple(rng, network)
    return case


def fill(reference: Reference, args: argparse.Namespace, index: int) -> dict[str, Any]:
    """Make one case, ask the reference, write the file; returns its line of the summary."""
    case = random_case(args.kind, args.seed, index)
    begin = time.perf_counter()
    path = args.out / f"{args.kind}_{args.seed}_{index:03d}.json"
    if args.kind == "candidate":
        case["expected"], where = record_costs(reference, args, case, path)
    else:
        case["expected"], where = hardware.record_case(reference, case, args.config, args.reference)
    seconds = round(time.perf_counter() - begin, 3)
    path.write_text(json.dumps(case, separators=(",", ":")), encoding="utf-8")
    return {"case": path.name, "seconds": seconds, "error": case["expected"].get("error"), "where": where}


def record_costs(
    reference: Reference, args: argparse.Namespace, case: Case, path: Path
) -> tuple[dict[str, Any], str | None]:
    """The six numbers of a candidate; its parameters go to a file beside it."""
    tensors = random_tensors(case["mnsim_cfg"], path.stem)
    name = f"{path.stem}.safetensors"
    write_tensors(path.parent / name, tensors)
    try:
        with hardware_file(args.config, case["config_overrides"]) as config:
            return candidate.numbers(reference, case, tensors, config) | {"tensors": name}, None
    except Exception as error:  # noqa: BLE001 - any error of the reference is a result here
        return error_record(error), hardware.innermost_frame(error, args.reference)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, help="folder that holds MNSIM")
    parser.add_argument("--config", type=Path, required=True, help="base hardware file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the cases")
    parser.add_argument("--kind", choices=KINDS, default="hardware")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--start", type=int, default=0, help="index of the first case")
    parser.add_argument("--seed", type=int, required=True)
    return parser.parse_args(arguments)


def print_groups(lines: list[dict[str, Any]]) -> None:
    """The errors by message and place, to stderr."""
    groups = collections.Counter((line["error"], line["where"]) for line in lines)
    for (error, where), count in groups.most_common():
        print(f"{count:5d}  {error or 'accepted'}  {where or ''}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Write the cases; returns the exit code."""
    args = parse(arguments)
    try:
        if args.count < 1 or args.start < 0:
            raise BadInput("--count must be at least 1 and --start at least 0")
        if not args.config.is_file():
            raise BadInput(f"{args.config} is not a file")
        reference = reference_modules.load(args.reference)
        args.out.mkdir(parents=True, exist_ok=True)
        lines = []
        for index in range(args.start, args.start + args.count):
            lines.append(fill(reference, args, index))
            print(json.dumps(lines[-1]), flush=True)
        print_groups(lines)
    except (BadInput, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
