"""Run the reference simulator on case files: record its answers, compare them, or time it.

Results are JSON lines on stdout; everything else goes to stderr. Exit codes: 0 done, 1 a
comparison found a difference, 2 the arguments or a case file cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import bench
import candidate
import compare
import hardware
import inference
import reference_modules
import weights
from cases import Case, error_record, hardware_file, read_case
from reference_modules import BadInput, Reference
from safetensors_io import write_tensors

TENSOR_TOLERANCE = 1e-6
NUMBER_TOLERANCE = 1e-12

Recorded = tuple[dict[str, Any], dict[str, torch.Tensor]]
Recorder = Callable[[Reference, Case, Path, argparse.Namespace], Recorded]


def record_metrics(reference: Reference, case: Case, _path: Path, args: argparse.Namespace) -> Recorded:
    """`expected` of a network case."""
    if "network" not in case:
        raise BadInput("the case has no `network`")
    expected, where = hardware.record_case(reference, case, args.config, args.reference)
    if where is not None:
        print(f"raised at {where}", file=sys.stderr)
    return expected, {}


def record_candidate(reference: Reference, case: Case, path: Path, args: argparse.Namespace) -> Recorded:
    """The six numbers and two output tensors of a candidate case."""
    if "mnsim_cfg" not in case:
        raise BadInput("the case has no `mnsim_cfg`")
    tensors = inference.case_tensors(case, path)
    try:
        with hardware_file(args.config, case["config_overrides"]) as config:
            expected = candidate.numbers(reference, case, tensors, config)
            return expected, candidate.output_tensors(reference, case, tensors, config)
    except Exception as error:  # noqa: BLE001 - any error of the reference is a result here
        return error_record(error), {}


def record_inference(reference: Reference, case: Case, path: Path, args: argparse.Namespace) -> Recorded:
    """The outputs of a network case with weights."""
    if "network" not in case:
        raise BadInput("the case has no `network`")
    tensors = inference.case_tensors(case, path)
    names = case.get("expected", {}).get("outputs", list(inference.METHODS))
    batch_norm = any(layer["type"] == "bn" for layer in case["network"]["layers"])
    try:
        with hardware_file(args.config, case["config_overrides"]) as config:
            net = inference.load_network(reference, case, tensors, config)
            made = inference.outputs(net, tensors["input"], names)
    except Exception as error:  # noqa: BLE001 - any error of the reference is a result here
        return error_record(error), {}
    return {"batch_norm": batch_norm, "outputs": names}, made


RECORDERS: dict[str, Recorder] = {
    "metrics": record_metrics,
    "candidate": record_candidate,
    "inference": record_inference,
}


def tensor_differences(
    made: dict[str, torch.Tensor], stored: dict[str, torch.Tensor]
) -> dict[str, float]:
    """The largest difference of each tensor, relative to the range of the stored one."""
    found = {}
    for name, tensor in made.items():
        span = float(stored[name].max() - stored[name].min()) or 1.0
        found[name] = float((tensor - stored[name]).abs().max()) / span
    return found


def comparison(recorded: Recorded, case: Case, path: Path) -> dict[str, Any]:
    """How a recording differs from what the case file expects."""
    expected, made = recorded
    stored = {k: v for k, v in case["expected"].items() if k != "tensors"}
    value, where, count = compare.worst(expected, stored)
    report: dict[str, Any] = {"worst": value, "at": where, "differing": count}
    if made:
        report["tensors"] = tensor_differences(made, inference.case_tensors(case, path))
    agree = value <= NUMBER_TOLERANCE
    report["agree"] = agree and all(d <= TENSOR_TOLERANCE for d in report.get("tensors", {}).values())
    if "error" in expected:
        report["error"] = expected["error"]
    return report


def run_cases(reference: Reference, args: argparse.Namespace) -> int:
    """Record or compare every case given; returns the exit code."""
    agree = True
    for path in args.case:
        case = read_case(path)
        recorded = RECORDERS[args.command](reference, case, path, args)
        line: dict[str, Any] = {"case": str(path)}
        if args.compare:
            line |= comparison(recorded, case, path)
            agree = agree and line["agree"]
        else:
            line["expected"] = recorded[0]
        if recorded[1] and args.tensors is not None:
            write_tensors(args.tensors / f"{path.stem}.safetensors", recorded[1])
        print(json.dumps(line), flush=True)
    return 0 if agree else 1


def write_weights(reference: Reference, args: argparse.Namespace) -> int:
    """Write each case with random weights and a batch of images."""
    for path in args.case:
        made = weights.weighted_case(reference, read_case(path), args.config, args.seed, args.batch)
        weights.write_case(args.out, path.stem, made)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in (*RECORDERS, "weights", "serve-bench"):
        command = commands.add_parser(name)
        command.add_argument("--reference", type=Path, required=True, help="folder that holds MNSIM")
        command.add_argument("--config", type=Path, required=True, help="base hardware file")
        command.add_argument("--threads", type=int, help="threads of PyTorch")
        if name == "serve-bench":
            continue
        command.add_argument("--case", type=Path, nargs="+", required=True, help="case files")
        if name == "weights":
            command.add_argument("--out", type=Path, required=True, help="folder for the files")
            command.add_argument("--seed", type=int, default=1, help="of weights and images")
            command.add_argument("--batch", type=int, default=32, help="images")
            continue
        command.add_argument("--compare", action="store_true", help="compare with `expected`")
        command.add_argument("--tensors", type=Path, help="folder for the output tensors")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    args = parse(arguments)
    try:
        if args.threads is not None:
            torch.set_num_threads(args.threads)
        if not args.config.is_file():
            raise BadInput(f"{args.config} is not a file")
        reference = reference_modules.load(args.reference)
        if args.command == "serve-bench":
            bench.serve_standard_streams(reference, args.config)
            return 0
        if args.command == "weights":
            return write_weights(reference, args)
        return run_cases(reference, args)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
