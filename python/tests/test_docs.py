"""The code of docs/PYTHON.md."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "PYTHON.md"
BLOCK = re.compile(r"^```python ?(?P<needs>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_runs() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) >= 10
    session: dict[str, Any] = {"__name__": "session"}
    left_out = []
    try:
        for block in blocks:
            needs = block["needs"]
            if needs and importlib.util.find_spec(needs) is None:
                left_out.append(needs)
                continue
            line = text.count("\n", 0, block.start("code"))
            exec(compile("\n" * line + block["code"], str(PAGE), "exec"), session)
    finally:
        import pimnas.mnsim

        pimnas.mnsim.uninstall()
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()
    if left_out:
        pytest.skip(f"blocks that need {', '.join(left_out)} were left out, the others ran")
