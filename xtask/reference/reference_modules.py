"""Loading of the reference simulator's modules from a folder, without touching that folder."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn


class BadInput(Exception):
    """The arguments or a case file cannot be used; the command ends with exit code 2."""


@dataclass(frozen=True)
class Reference:
    """The modules of the reference that the driver calls."""

    interface: ModuleType
    awnas: ModuleType
    utils: ModuleType
    network: ModuleType
    mapping: ModuleType
    latency: ModuleType
    area: ModuleType
    power: ModuleType
    energy: ModuleType


MODULES: dict[str, str] = {
    "interface": "MNSIM.Interface.interface",
    "awnas": "MNSIM.Interface.awnas_interface",
    "utils": "MNSIM.Interface.utils",
    "network": "MNSIM.Interface.network",
    "mapping": "MNSIM.Mapping_Model.Tile_connection_graph",
    "latency": "MNSIM.Latency_Model.Model_latency",
    "area": "MNSIM.Area_Model.Model_Area",
    "power": "MNSIM.Power_Model.Model_inference_power",
    "energy": "MNSIM.Energy_Model.Model_energy",
}


def _no_network_simulation(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise RuntimeError("the network-on-chip simulation is not part of this driver")


def _stub_network_on_chip() -> None:
    """Replace the module that would start an external binary and write files."""
    stub = types.ModuleType("MNSIM.NoC.interconnect_estimation")
    stub.interconnect_estimation = _no_network_simulation  # type: ignore[attr-defined]
    sys.modules[stub.__name__] = stub


def _stub_pandas_if_missing() -> None:
    """The reference imports pandas everywhere but needs it for the network on chip only."""
    try:
        importlib.import_module("pandas")
    except ImportError:
        sys.modules["pandas"] = types.ModuleType("pandas")


def load(folder: Path) -> Reference:
    """Import the reference from `folder` (the one that holds the package `MNSIM`)."""
    if not (folder / "MNSIM" / "Interface" / "interface.py").is_file():
        raise BadInput(f"{folder} does not hold the package MNSIM")
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder.resolve()))
    _stub_pandas_if_missing()
    _stub_network_on_chip()
    with quiet():
        loaded = {field: importlib.import_module(name) for field, name in MODULES.items()}
    return Reference(**loaded)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what the reference prints and warns."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
