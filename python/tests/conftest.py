"""What tests share."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

HAS_TORCH = importlib.util.find_spec("torch") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of PyTorch need it; PIMNAS_REQUIRE_TORCH makes its absence a failure."""
    if HAS_TORCH or os.environ.get("PIMNAS_REQUIRE_TORCH"):
        return
    for item in items:
        if item.get_closest_marker("torch"):
            item.add_marker(pytest.mark.skip(reason="PyTorch is not installed"))


def pytest_configure(config: pytest.Config) -> None:
    """The markers; and Ctrl-C as in a terminal, also where tests are begun with it ignored."""
    config.addinivalue_line("markers", "torch: needs PyTorch")
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def convert(request: pytest.FixtureRequest):
    """Arrays of either package from arrays of NumPy."""
    if request.param == "numpy":
        return np.asarray
    import torch

    return torch.from_numpy
