"""Comparison of two nested results."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """Yield (path, relative difference) of every leaf; infinite for unlike shapes or values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in ours or key not in theirs:
                yield f"{where}.{key}", math.inf
            else:
                yield from differences(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs)):
            yield from differences(mine, other, f"{where}[{index}]")
    else:
        yield where, leaf_difference(ours, theirs)


def leaf_difference(ours: Any, theirs: Any) -> float:
    """The relative difference of two numbers, or 0 and infinity for other values."""
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (ours, theirs))
    if not numbers or ours == theirs:
        return 0.0 if ours == theirs else math.inf
    return abs(ours - theirs) / max(abs(ours), abs(theirs))


def worst(ours: Any, theirs: Any) -> tuple[float, str, int]:
    """The largest difference, its path, and how many leaves differ at all."""
    found = [item for item in differences(ours, theirs) if item[1] != 0.0]
    if not found:
        return 0.0, "", 0
    path, value = max(found, key=lambda item: item[1])
    return value, path, len(found)
