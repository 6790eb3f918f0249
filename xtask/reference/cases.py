"""Case files: a network or a candidate layer list, hardware overrides, and what was expected."""

from __future__ import annotations

import configparser
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reference_modules import BadInput

Case = dict[str, Any]

QUANTIZE_KEYS = ("weight_bit", "activation_bit", "point_shift")


def read_case(path: Path) -> Case:
    """Read one case file."""
    try:
        case = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise BadInput(f"cannot read the case {path}: {error}") from error
    if not isinstance(case, dict) or not ({"network", "mnsim_cfg"} & case.keys()):
        raise BadInput(f"{path} has neither `network` nor `mnsim_cfg`")
    return case


def render_config(base: Path, overrides: dict[str, dict[str, str]]) -> configparser.ConfigParser:
    """The base hardware file with the case's overrides on top."""
    config = configparser.ConfigParser()
    if not config.read(base, encoding="utf-8"):
        raise BadInput(f"cannot read the hardware file {base}")
    for section, values in overrides.items():
        if not config.has_section(section):
            raise BadInput(f"{base} has no section [{section}]")
        for key, value in values.items():
            config.set(section, key, str(value))
    return config


@contextmanager
def hardware_file(base: Path, overrides: dict[str, dict[str, str]]) -> Iterator[str]:
    """A temporary hardware file for one case; yields its path."""
    with tempfile.TemporaryDirectory(prefix="pimnas-case-") as folder:
        yield write_hardware_file(base, overrides, Path(folder) / "SimConfig.ini")


def write_hardware_file(base: Path, overrides: dict[str, dict[str, str]], target: Path) -> str:
    """Write the hardware file of one case to `target`; returns the path as text."""
    with target.open("w", encoding="utf-8") as stream:
        render_config(base, overrides).write(stream)
    return str(target)


def split_network(network: dict[str, Any]) -> tuple[list, list, list, dict[str, Any]]:
    """Turn a `network` object into the four arguments of the reference's graph."""
    layers, precisions, inputs = [], [], []
    for layer in network["layers"]:
        layers.append({k: v for k, v in layer.items() if k not in QUANTIZE_KEYS})
        precisions.append({key: layer.get(key) for key in QUANTIZE_KEYS})
        inputs.append(layer.get("input_index", [-1]))
    params = {
        "activation_scale": network["input"]["activation_scale"],
        "activation_bit": network["input"]["activation_bit"],
        "input_shape": tuple(network["input_shape"]),
    }
    return layers, precisions, inputs, params


def error_record(error: BaseException) -> dict[str, str]:
    """How a raised error is recorded in `expected`."""
    return {"error": f"{type(error).__name__}: {error}"}
