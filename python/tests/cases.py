"""Recorded candidates of the reference as tests use them."""

from __future__ import annotations

import configparser
import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np

HERE = Path(__file__).resolve().parents[2] / "fixtures" / "golden"
# Further folders of recorded cases, with a SimConfig.ini of their own.
FURTHER = [Path(folder) for folder in os.environ.get("PIMNAS_GOLDEN", "").split(os.pathsep) if folder]
DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}
PREFIX = "param."


@dataclass
class WeightsManager:
    """Stands for the super net."""

    _param_list: list[dict[str, Any]]


@dataclass
class CandidateNet:
    """Stands for a candidate of a super net."""

    layers: list[dict[str, Any]]
    weights_manager: WeightsManager

    def get_mnsim_cfg(self, preserve_scale_flag: bool = False) -> list[dict[str, Any]]:
        """The layers."""
        return self.layers


@dataclass
class Case:
    """A recorded case."""

    name: str
    layers: list[dict[str, Any]]
    overrides: dict[str, dict[str, str]]
    expected: dict[str, Any]
    base: Path
    tensors: dict[str, np.ndarray[Any, Any]]

    def candidate(self, convert: Callable[[Any], Any] = np.asarray) -> CandidateNet:
        """The candidate, its tensors made by `convert`."""
        parameters: list[dict[str, Any]] = [{} for _ in self.layers]
        for name, tensor in self.tensors.items():
            if name.startswith(PREFIX):
                layer, key = name[len(PREFIX) :].split(".", 1)
                parameters[int(layer)][key] = convert(tensor.copy())
        return CandidateNet(self.layers, WeightsManager(parameters))

    def config(self, folder: Path) -> str:
        """The hardware description as a file, written as scripts of the reference do it."""
        parser = configparser.ConfigParser()
        parser.read(self.base, encoding="utf-8")
        for section, values in self.overrides.items():
            for key, value in values.items():
                parser.set(section, key, str(value))
        path = folder / f"{self.name}.ini"
        with path.open("w", encoding="utf-8") as stream:
            parser.write(stream)
        return str(path)


def read_tensors(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """All tensors of a safetensors file."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        flat = np.frombuffer(raw[begin:end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def read(path: Path) -> Optional[Case]:
    """The case of a file that the reference could answer."""
    json_case = json.loads(path.read_text(encoding="utf-8"))
    expected = json_case["expected"]
    if "error" in expected:
        return None
    file = path.with_name(expected.get("tensors", path.stem + ".safetensors"))
    return Case(
        name=path.stem,
        layers=json_case["mnsim_cfg"],
        overrides=json_case["config_overrides"],
        expected=expected,
        base=path.with_name("SimConfig.ini"),
        tensors=read_tensors(file) if file.is_file() else {},
    )


def candidates() -> list[Case]:
    """Every recorded candidate."""
    files = [file for folder in [HERE, *FURTHER] for file in sorted(folder.glob("candidate_*.json"))]
    return [case for case in map(read, files) if case is not None]


def with_tensors() -> list[Case]:
    """Every recorded candidate with its tensors."""
    return [case for case in candidates() if case.tensors]


def assert_near(expected: np.ndarray[Any, Any], got: np.ndarray[Any, Any], step: float) -> None:
    """At least 99.9 % of the elements within 1e-5 of the range, the rest within two steps, and the
    same answers wherever the two largest outputs differ by more than that."""
    assert got.shape == expected.shape
    scale = float(np.abs(expected).max())
    away = np.abs(expected.astype(np.float64) - got)
    outliers = ~(away <= 1e-5 * scale)
    assert outliers.sum() * 1000 <= expected.size, f"{outliers.sum()} of {expected.size} differ"
    assert not np.isnan(away).any() and away.max() <= max(2 * step, 1e-5 * scale)
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 2 * step
    assert (expected.argmax(axis=1) == got.argmax(axis=1))[clear].all()


def output_step(case: Case) -> float:
    """The step of the quantiser of the output."""
    bits, scale, _shape = case.layers[-1]["output"][0]
    return float(scale or 1.0) / (2 ** (bits - 1) - 1)
