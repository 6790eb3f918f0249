"""A line protocol for timing: one JSON request a line, one JSON answer a line."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import torch

import candidate
import hardware
import inference
from cases import Case, error_record, read_case, write_hardware_file
from reference_modules import BadInput, Reference, quiet


@dataclass
class Prepared:
    """A case read into memory, with its hardware file written: nothing of this is timed."""

    case: Case
    config: str
    tensors: dict[str, torch.Tensor]
    runner: Callable[[str, torch.Tensor], torch.Tensor] | None = None


@dataclass
class Bench:
    """The state between requests: the reference, and the cases prepared so far."""

    reference: Reference
    base: Path
    folder: Path
    prepared: dict[str, Prepared] = field(default_factory=dict)

    def prepare(self, name: str) -> Prepared:
        """Read a case once."""
        if name not in self.prepared:
            path = Path(name)
            case = read_case(path)
            target = self.folder / f"{len(self.prepared)}.ini"
            config = write_hardware_file(self.base, case["config_overrides"], target)
            named = "tensors" in case or "tensors" in case.get("expected", {})
            tensors = inference.case_tensors(case, path) if named else {}
            self.prepared[name] = Prepared(case, config, tensors)
        return self.prepared[name]

    def metrics(self, request: dict[str, Any]) -> dict[str, Any]:
        """Time a network in memory and a hardware file to the four metrics."""
        item = self.prepare(request["case"])
        multiple = item.case.get("multiple")
        with quiet():
            begin = time.perf_counter()
            layers = hardware.structure(self.reference, item.case["network"], item.config)
            run = hardware.evaluate(
                self.reference, layers, item.config, pipelined=True, multiple=multiple
            )
            answer = run.metrics()
            seconds = time.perf_counter() - begin
        return {"seconds": seconds, "metrics": hardware.plain(answer)}

    def candidate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Time a candidate in memory to the four metrics, asked of one interface.

        Energy is asked before power, the only order that the interface survives.
        """
        item = self.prepare(request["case"])
        with quiet():
            begin = time.perf_counter()
            net = candidate.candidate_net(item.case["mnsim_cfg"], item.tensors)
            asked = self.reference.awnas.AWNASTrainTestInterface(None, net, item.config)
            answer = {
                "latency_ms": asked.latency_evaluate(),
                "area_mm2": asked.area_evaluate(),
                "energy_mJ": asked.energy_evaluate(),
                "power_W": asked.power_evaluate(),
            }
            seconds = time.perf_counter() - begin
        return {"seconds": seconds, "metrics": hardware.plain(answer)}

    def infer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Time one batch through a loaded network; `output` names the arithmetic.

        For a network case: float, crossbar_scale or crossbar_fix; for a candidate case:
        hardware_evaluate or origin_evaluate. `batch` repeats or cuts the case's input.
        """
        item = self.prepare(request["case"])
        item.runner = item.runner or self._runner(item)
        images = resize_batch(item.tensors["input"], request.get("batch"))
        with quiet():
            begin, processor = time.perf_counter(), time.process_time()
            result = item.runner(request["output"], images)
            seconds, processor = time.perf_counter() - begin, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer = {"seconds": seconds, "processor_seconds": processor}
        answer |= {"images": images.shape[0], "peak_bytes": peak}
        return answer | {"first_output": result[0].tolist()}

    def _runner(self, item: Prepared) -> Callable[[str, torch.Tensor], torch.Tensor]:
        if "mnsim_cfg" in item.case:
            asked = candidate.interface(self.reference, item.case, item.tensors, item.config)
            return lambda name, images: _candidate_output(asked, name, images)
        net = inference.load_network(self.reference, item.case, item.tensors, item.config)
        return lambda name, images: _network_output(net, name, images)

    def answer(self, line: str) -> dict[str, Any]:
        """Answer one request; errors become an answer with `error`."""
        operations = {"metrics": self.metrics, "candidate": self.candidate, "infer": self.infer}
        try:
            request = json.loads(line)
            operation = operations[request["op"]]
            return {"op": request["op"], "case": request["case"]} | operation(request)
        except Exception as error:  # noqa: BLE001 - the protocol reports every failure
            return error_record(error)


def _candidate_output(asked: Any, name: str, images: torch.Tensor) -> torch.Tensor:
    if name not in candidate.TENSORS:
        raise BadInput(f"a candidate has no output {name}")
    return getattr(asked, name)(images)


def _network_output(net: Any, name: str, images: torch.Tensor) -> torch.Tensor:
    if name not in inference.METHODS:
        raise BadInput(f"a network has no output {name}")
    with torch.no_grad():
        return net(images, *inference.METHODS[name])


def resize_batch(images: torch.Tensor, size: int | None) -> torch.Tensor:
    """Repeat or cut a batch to `size` images."""
    if size is None or size == images.shape[0]:
        return images
    times = -(-size // images.shape[0])
    return images.repeat(times, *[1] * (images.dim() - 1))[:size].contiguous()


def serve(reference: Reference, base: Path, requests: TextIO, answers: TextIO) -> None:
    """Answer requests until the input ends."""
    with tempfile.TemporaryDirectory(prefix="pimnas-bench-") as folder:
        bench = Bench(reference, base, Path(folder))
        for line in requests:
            if line.strip():
                print(json.dumps(bench.answer(line)), file=answers, flush=True)


def serve_standard_streams(reference: Reference, base: Path) -> None:
    """`serve` on stdin and stdout."""
    serve(reference, base, sys.stdin, sys.stdout)
