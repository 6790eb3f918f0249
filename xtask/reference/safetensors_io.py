"""A small reader and writer of safetensors files of 32-bit floats and 64-bit integers."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch

from reference_modules import BadInput

DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a file by name."""
    try:
        raw = path.read_bytes()
        (length,) = struct.unpack_from("<Q", raw)
        header = json.loads(raw[8 : 8 + length])
    except (OSError, struct.error, ValueError) as error:
        raise BadInput(f"cannot read the tensors {path}: {error}") from error
    header.pop("__metadata__", None)
    body = memoryview(raw)[8 + length :]
    return {name: _tensor(entry, body, path) for name, entry in header.items()}


def _tensor(entry: dict, body: memoryview, path: Path) -> torch.Tensor:
    if entry["dtype"] not in DTYPES:
        raise BadInput(f"{path} holds the unsupported type {entry['dtype']}")
    begin, end = entry["data_offsets"]
    flat = np.frombuffer(body[begin:end], dtype=DTYPES[entry["dtype"]])
    return torch.from_numpy(flat.reshape(entry["shape"]).copy())


def write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write tensors as 32-bit floats, in the order of their names."""
    header, chunks, offset = {}, [], 0
    for name in sorted(tensors):
        data = tensors[name].detach().cpu().to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensors[name].shape),
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))
