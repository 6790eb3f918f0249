"""Random candidates of a search: layer lists with scales, and quantised weights."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import torch

Layer = dict[str, Any]
# Bits, full range and shape of a tensor, as layer lists state it.
Stated = list[Any]


@dataclass
class Builder:
    """A candidate under construction: layers, their outputs, and tensors `param.<layer>.<name>`."""

    rng: random.Random
    bits: int
    layers: list[Layer] = field(default_factory=list)
    outputs: list[Stated] = field(default_factory=list)
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)

    def scale(self, low: float = 0.5, high: float = 4.0) -> float:
        """A random full range."""
        return round(self.rng.uniform(low, high), 4)

    def add(self, kind: str, sources: list[int], scale: float, shape: list[int], **fields: Any) -> int:
        """Append a layer; returns its index."""
        here = len(self.layers)
        output = [self.bits, scale, shape]
        self.layers.append({
            "_type": kind, "input": [self.outputs[s + 1] for s in sources], "output": [output],
            "from": sources, "to": [here], **fields,
        })
        self.outputs.append(output)
        return here

    def keep(self, kind: str, source: int, shape: list[int] | None = None, **fields: Any) -> int:
        """A layer that keeps the scale."""
        _, scale, before = self.outputs[source + 1]
        return self.add(kind, [source], scale, shape or before, **fields)

    def weights(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """Quantised weights for the next layer; returns their statement."""
        scale, limit = self.scale(0.2, 1.2), 2 ** (self.bits - 1) - 1
        floats = torch.randn(shape) * scale / 3
        codes = (floats / scale * limit).round().clamp(-limit, limit)
        self.tensors[f"param.{len(self.layers)}.weight"] = codes * (scale / limit)
        return {"bit": self.bits, "scale": scale}

    def convolution(self, source: int, channels: int, kernel: int, stride: int, groups: int = 1) -> int:
        """A convolution with its norm and activation."""
        before, height, width = self.outputs[source + 1][2]
        padding = kernel // 2
        drop = 1 if kernel % 2 == 0 else 0
        shape = [channels, *((side + 2 * padding - kernel) // stride + 1 - drop for side in (height, width))]
        self.tensors[f"param.{len(self.layers)}.padding_flag"] = torch.tensor(float(self.rng.randint(0, 1)))
        stated = self.weights((channels, before // groups, kernel, kernel))
        fields = {"groups": groups} if groups > 1 else {}
        made = self.add(
            "group_conv" if groups > 1 else "conv", [source], self.scale(), shape, in_channels=before,
            out_channels=channels, kernel_size=kernel, stride=stride, padding=padding,
            weight_info=stated, **fields,
        )
        here = f"param.{len(self.layers)}."
        self.tensors[here + "weight"] = torch.rand(channels) + 0.5
        self.tensors[here + "bias"] = torch.randn(channels) * 0.2
        self.tensors[here + "running_mean"] = torch.randn(channels) * 0.2
        self.tensors[here + "running_var"] = torch.rand(channels) + 0.3
        made = self.add("bn", [made], self.scale(), shape, features=channels)
        return self.keep(self.rng.choice(("relu", "hard_tanh")), made)


def block(net: Builder, source: int) -> int:
    """One of the blocks that candidates are made of."""
    rng = net.rng
    channels, height, width = net.outputs[source + 1][2]
    kind = rng.choice(("plain", "plain", "residual", "grouped", "smaller", "shortcut"))
    if kind == "residual":
        made = net.convolution(source, channels, rng.choice((1, 3, 3, 4, 5)), 1)
        pair = [made, source] if rng.random() < 0.6 else [source, made]
        return net.add("element_sum", pair, net.scale(), net.outputs[made + 1][2])
    if kind == "grouped" and channels % 4 == 0:
        return net.convolution(source, channels, 3, rng.choice((1, 1, 2)), rng.choice((2, 4)))
    if kind == "smaller" and min(height, width) >= 8:
        return net.keep("downsample", source, [channels, height // 2, width // 2])
    if kind == "shortcut" and min(height, width) >= 8:
        wide = channels * 2
        made = net.convolution(source, wide, 3, 2)
        shape = net.outputs[made + 1][2]
        side = net.keep("downsample", source, [channels, height // 2, width // 2])
        side = net.keep("expand", side, [wide, *shape[1:]], max_channels=wide)
        return net.add("element_sum", [made, side], net.scale(), shape)
    stride = rng.choice((1, 1, 2)) if min(height, width) >= 8 else 1
    kernel = rng.choice((1, 2, 3, 3, 4, 5)) if stride == 1 else 3
    return net.convolution(source, rng.choice((16, 24, 32, 48, 64)), kernel, stride)


def random_candidate(rng: random.Random) -> tuple[list[Layer], dict[str, torch.Tensor]]:
    """A layer list and its tensors, with a batch of four as `input`."""
    torch.manual_seed(rng.getrandbits(32))
    side = rng.choice((16, 24, 32))
    net = Builder(rng, rng.choice((5, 6, 7, 8, 9)))
    net.outputs.append([net.bits, net.scale(1.0), [3, side, side]])
    source = net.convolution(-1, rng.choice((16, 24, 32)), 3, 1)
    for _ in range(rng.randint(1, 6)):
        source = block(net, source)
    channels, height, width = net.outputs[source + 1][2]
    source = net.keep(
        "adaptive_pooling", source, [channels, 1, 1], input_size=[height, width], output_size=[1, 1]
    )
    source = net.keep("flatten", source, [channels], start_dim=1, end_dim=-1)
    stated = net.weights((10, channels))
    net.add("fc", [source], net.scale(), [10], in_features=channels, out_features=10, weight_info=stated)
    net.tensors["input"] = torch.randn(4, 3, side, side) * net.outputs[0][1] / 3
    return net.layers, net.tensors
