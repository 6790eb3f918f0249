"""Train the small Fashion-MNIST network that pimnas ships, with quantised weights and activations.

Writes NAME.json (the layer list) and NAME.safetensors (its weights and scales). The quantisers are
those of the fixed-point mode: symmetric, the full range min(max |x|, 3 deviations + |mean|), for
activations a running mean of it; gradients pass straight through.

Exit codes: 0 done, 2 the arguments cannot be used.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from reference_modules import BadInput
from safetensors_io import write_tensors

BITS = 9
LIMIT = 2 ** (BITS - 1) - 1
INPUT_STEP = 1.0 / 255.0
POINT_SHIFT = -2
# The part of the old full range that stays in a running mean.
KEPT = 0.1

LAYERS: list[dict[str, Any]] = [
    {"type": "conv", "in_channels": 1, "out_channels": 16, "kernel_size": 5, "stride": 2, "padding": 2},
    {"type": "relu"},
    {"type": "conv", "in_channels": 16, "out_channels": 32, "kernel_size": 3, "stride": 1, "padding": 1},
    {"type": "relu"},
    {"type": "pooling", "mode": "MAX", "kernel_size": 2, "stride": 2},
    {"type": "conv", "in_channels": 32, "out_channels": 64, "kernel_size": 3, "stride": 1, "padding": 1},
    {"type": "relu"},
    {"type": "pooling", "mode": "MAX", "kernel_size": 2, "stride": 2},
    {"type": "view"},
    {"type": "fc", "in_features": 576, "out_features": 10},
]


def idx(path: Path) -> np.ndarray:
    """An array of unsigned bytes from an IDX file, gzip or not."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error}") from error
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    dims = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def images_and_labels(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images of 0 to 1 (count × 1 × 28 × 28) and labels of `train` or `t10k`."""
    images = idx(folder / f"{part}-images-idx3-ubyte.gz").copy()
    labels = idx(folder / f"{part}-labels-idx1-ubyte.gz").copy()
    return torch.from_numpy(images).unsqueeze(1).float() / 255.0, torch.from_numpy(labels).long()


def full_range(values: torch.Tensor) -> float:
    """The full range of a tensor that states none."""
    values = values.detach()
    return min(values.abs().max().item(), (3 * values.std() + values.mean().abs()).item())


def quantised(values: torch.Tensor, scale: float) -> torch.Tensor:
    """Multiples of scale / LIMIT; the gradient passes unchanged."""
    factor = LIMIT / scale
    codes = (values.detach() * factor).round().clamp(-LIMIT, LIMIT) / factor
    return values + (codes - values).detach()


class Network(torch.nn.Module):
    """The layer list with its weights and the running full range of each quantised output."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = torch.nn.ParameterDict()
        self.ranges: dict[int, float] = {}
        for index, layer in enumerate(LAYERS):
            if layer["type"] == "conv":
                shape = (layer["out_channels"], layer["in_channels"], layer["kernel_size"], layer["kernel_size"])
            elif layer["type"] == "fc":
                shape = (layer["out_features"], layer["in_features"])
            else:
                continue
            kernel = torch.empty(shape)
            torch.nn.init.kaiming_normal_(kernel, nonlinearity="relu")
            self.kernels[str(index)] = torch.nn.Parameter(kernel)

    def forward(self, images: torch.Tensor, fixed: bool = True) -> torch.Tensor:
        """Outputs, in fixed point or in floats."""
        values = images
        for index, layer in enumerate(LAYERS):
            kind = layer["type"]
            if kind in ("conv", "fc"):
                kernel = self.kernels[str(index)]
                kernel = quantised(kernel, full_range(kernel)) if fixed else kernel
                if kind == "conv":
                    values = F.conv2d(values, kernel, None, layer["stride"], layer["padding"])
                else:
                    values = F.linear(values, kernel)
                values = self.requantised(index, values) if fixed else values
            elif kind == "relu":
                values = F.relu(values)
            elif kind == "pooling":
                values = F.max_pool2d(values, layer["kernel_size"], layer["stride"])
            else:
                values = values.flatten(1)
        return values

    def requantised(self, index: int, values: torch.Tensor) -> torch.Tensor:
        if self.training:
            scale = full_range(values)
            old = self.ranges.get(index)
            self.ranges[index] = scale if old is None else KEPT * old + (1 - KEPT) * scale
        return quantised(values, self.ranges[index])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights, full ranges and steps under the names of a trained layer list."""
        tensors, step = {}, INPUT_STEP
        for index in sorted(self.ranges):
            kernel, place = self.kernels[str(index)], f"layer_list.{index}."
            scale = self.ranges[index]
            weight_step = full_range(kernel) / LIMIT
            tensors[place + "layer_list.0.weight"] = kernel
            tensors[place + "last_value"] = torch.tensor([scale])
            tensors[place + "bit_scale_list"] = torch.tensor(
                [[BITS, step], [BITS, weight_step], [BITS, scale / LIMIT]]
            )
            step = scale / LIMIT
        return tensors


def augmented(images: torch.Tensor) -> torch.Tensor:
    """Half of them mirrored, all shifted by up to one pixel."""
    mirror = torch.rand(len(images)) < 0.5
    images = torch.where(mirror[:, None, None, None], images.flip(3), images)
    down, right = torch.randint(0, 3, (2,)).tolist()
    return F.pad(images, (1, 1, 1, 1))[:, :, down : down + 28, right : right + 28]


@torch.no_grad()
def accuracy(net: Network, images: torch.Tensor, labels: torch.Tensor, fixed: bool) -> float:
    """Share of right answers."""
    net.eval()
    pairs = zip(images.split(1000), labels.split(1000))
    return sum((net(x, fixed).argmax(1) == y).sum().item() for x, y in pairs) / len(labels)


def train(args: argparse.Namespace) -> Network:
    """All epochs, with a learning rate that falls as a cosine."""
    torch.manual_seed(args.seed)
    images, labels = images_and_labels(args.data, "train")
    test = images_and_labels(args.data, "t10k")
    net = Network()
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
    batches = len(images) // args.batch
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, args.epochs * batches)
    for epoch in range(args.epochs):
        net.train()
        for chosen in torch.randperm(len(images))[: batches * args.batch].split(args.batch):
            loss = F.cross_entropy(net(augmented(images[chosen])), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        found = [accuracy(net, *test, fixed) for fixed in (False, True)]
        print(f"epoch {epoch + 1}: float {found[0]:.4f}, fixed point {found[1]:.4f}", flush=True)
        save(net, args.out)
    return net


def save(net: Network, out: Path) -> None:
    """The layer list and the tensors, beside each other."""
    bits = {"weight_bit": BITS, "activation_bit": BITS, "point_shift": POINT_SHIFT}
    network = {
        "name": out.name,
        "input_shape": [1, 1, 28, 28],
        "input": {"activation_scale": INPUT_STEP, "activation_bit": BITS},
        "layers": [layer | bits for layer in LAYERS],
    }
    lines = json.dumps(network).replace('"layers": [', '"layers": [\n  ').replace("}, {", "},\n  {")
    out.with_suffix(".json").write_text(lines + "\n", encoding="utf-8")
    write_tensors(out.with_suffix(".safetensors"), net.tensors())


def main(arguments: list[str]) -> int:
    """Train and write; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the full Fashion-MNIST")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without ending")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    try:
        train(args)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
