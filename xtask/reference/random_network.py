"""Random networks for fresh cases: everything the layer list can say, with valid shapes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Layer = dict[str, Any]
HARDWARE_TYPES = ("conv", "pooling", "element_sum", "fc")
WEIGHT_BITS = (3, 4, 5, 7, 8, 9)
ACTIVATION_BITS = (4, 5, 6, 8, 9)


@dataclass(frozen=True)
class Tensor:
    """The output of a layer: its index in the layer list (-1: the input) and its shape."""

    index: int
    channels: int
    height: int
    width: int


class DeadEnd(Exception):
    """A random choice does not fit the shape; the builder tries another."""


@dataclass
class Builder:
    """A network under construction."""

    rng: random.Random
    current: Tensor
    mixed: bool
    weight_bit: int
    activation_bit: int
    norm: bool
    layers: list[Layer] = field(default_factory=list)

    def add(self, kind: str, inputs: list[Tensor], shape: tuple[int, int, int], **fields: Any) -> Tensor:
        """Append a layer that reads `inputs` and gives `shape`."""
        if min(shape) < 1:
            raise DeadEnd
        here = len(self.layers)
        self.layers.append({
            "type": kind,
            **fields,
            "weight_bit": self.bits(WEIGHT_BITS, self.weight_bit),
            "activation_bit": self.bits(ACTIVATION_BITS, self.activation_bit),
            "point_shift": -2,
            "input_index": [source.index - here for source in inputs],
        })
        return Tensor(here, *shape)

    def bits(self, choices: tuple[int, ...], usual: int) -> int:
        """The network's precision, or one of the layer's own."""
        return self.rng.choice(choices) if self.mixed and self.rng.random() < 0.5 else usual

    def convolution(self, source: Tensor, channels: int, kernel: int, stride: int, padding: int,
                    groups: int = 1) -> Tensor:
        """A dense or grouped convolution; even kernels with half padding drop a row and column."""
        drop = 1 if kernel % 2 == 0 and padding >= kernel // 2 else 0
        height, width = (
            (side + 2 * padding - kernel) // stride + 1 - drop for side in (source.height, source.width)
        )
        if min(source.height, source.width) + 2 * padding < kernel:
            raise DeadEnd
        extra = {"groups": groups} if groups > 1 else {}
        return self.add(
            "group_conv" if groups > 1 else "conv", [source], (channels, height, width),
            in_channels=source.channels, out_channels=channels, kernel_size=kernel,
            stride=stride, padding=padding, **extra,
        )

    def keep(self, kind: str, source: Tensor, **fields: Any) -> Tensor:
        """A layer that keeps the shape."""
        return self.add(kind, [source], (source.channels, source.height, source.width), **fields)

    def normalise(self, source: Tensor) -> Tensor:
        """Batch norm, if this network has it."""
        return self.keep("bn", source, features=source.channels) if self.norm else source

    def activate(self, source: Tensor) -> Tensor:
        """ReLU, or sometimes the hard tangent, or nothing."""
        kind = self.rng.choices(("relu", "hard_tanh", None), (7, 2, 1))[0]
        return source if kind is None else self.keep(kind, source)

    def same(self, source: Tensor, channels: int | None = None) -> Tensor:
        """A convolution with stride 1 that keeps the size, with its norm."""
        kernel = self.rng.choices((1, 2, 3, 4, 5, 7), (3, 1, 8, 1, 2, 1))[0]
        made = self.convolution(source, channels or source.channels, kernel, 1, kernel // 2)
        return self.normalise(made)

    def sum(self, left: Tensor, right: Tensor) -> Tensor:
        """The element-wise sum of two tensors of one shape."""
        if (left.channels, left.height, left.width) != (right.channels, right.height, right.width):
            raise DeadEnd
        return self.add("element_sum", [left, right], (left.channels, left.height, left.width))


def some_channels(rng: random.Random) -> int:
    """A number of channels, often but not always a round one."""
    return rng.choice((4, 6, 8, 12, 16, 24, 32, 33, 48, 64, 96, 100, 128, 200, 256))


def plain(net: Builder, source: Tensor) -> Tensor:
    """A convolution with any kernel, stride and padding."""
    rng = net.rng
    kernel = rng.randint(1, 7)
    stride = rng.choices((1, 2, 3), (6, 3, 1))[0]
    padding = kernel // 2 if rng.random() < 0.7 else rng.randint(0, kernel // 2)
    made = net.convolution(source, some_channels(rng), kernel, stride, padding)
    return net.activate(net.normalise(made))


def grouped(net: Builder, source: Tensor) -> Tensor:
    """A grouped convolution, down to depth-wise for few channels."""
    rng = net.rng
    options = [g for g in (2, 3, 4, 8) if source.channels % g == 0]
    if not options:
        raise DeadEnd
    groups = rng.choice(options)
    kernel = rng.choices((1, 2, 3, 4, 5), (1, 1, 5, 1, 1))[0]
    channels = groups * rng.choice((1, 2, 4, source.channels // groups))
    made = net.convolution(source, channels, kernel, rng.choice((1, 1, 2)), kernel // 2, groups)
    return net.activate(net.normalise(made))


def identity_block(net: Builder, source: Tensor) -> Tensor:
    """A residual block whose shortcut is the identity."""
    made = source
    for _ in range(net.rng.randint(1, 3)):
        made = net.same(net.activate(made) if made is not source else made, source.channels)
    pair = (made, source) if net.rng.random() < 0.8 else (source, made)
    return net.activate(net.sum(*pair))


def projection_block(net: Builder, source: Tensor) -> Tensor:
    """A residual block with convolutions on both branches."""
    rng = net.rng
    channels, stride = some_channels(rng), rng.choice((1, 2, 2))
    made = net.normalise(net.convolution(source, channels, 3, stride, 1))
    if rng.random() < 0.7:
        made = net.same(net.activate(made))
    kernel = rng.choice((1, 3))
    side = net.normalise(net.convolution(source, channels, kernel, stride, kernel // 2))
    if rng.random() < 0.3:
        side = net.same(net.activate(side))
    pair = (made, side) if rng.random() < 0.5 else (side, made)
    return net.activate(net.sum(*pair))


def chained_sums(net: Builder, source: Tensor) -> Tensor:
    """Sums of sums: the second reads the first and another branch."""
    first = net.same(source, source.channels)
    second = net.same(net.activate(first))
    inner = net.sum(second, first) if net.rng.random() < 0.5 else net.sum(first, second)
    third = net.same(net.activate(inner)) if net.rng.random() < 0.5 else source
    pair = (inner, third) if net.rng.random() < 0.6 else (third, inner)
    return net.activate(net.sum(*pair))


def free_shortcut(net: Builder, source: Tensor) -> Tensor:
    """A residual block with a halving shortcut that has no weights: downsample, expand."""
    channels = source.channels + net.rng.choice((0, 4, source.channels))
    made = net.normalise(net.convolution(source, channels, 3, 2, 1))
    if net.rng.random() < 0.5:
        made = net.same(net.activate(made))
    side = net.add("downsample", [source], (source.channels, source.height // 2, source.width // 2))
    if channels > source.channels or net.rng.random() < 0.5:
        side = net.add("expand", [side], (channels, side.height, side.width), max_channels=channels)
    return net.activate(net.sum(made, side))


def pooling(net: Builder, source: Tensor) -> Tensor:
    """A pooling window of any size and overlap."""
    rng = net.rng
    kernel = rng.choices((2, 3, 4), (6, 2, 1))[0]
    stride = kernel if rng.random() < 0.7 else rng.randint(1, 3)
    padding = 0 if rng.random() < 0.8 else kernel // 2
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in (source.height, source.width))
    if min(source.height, source.width) + 2 * padding < kernel:
        raise DeadEnd
    fields = {"padding": padding} if padding or rng.random() < 0.5 else {}
    return net.add(
        "pooling", [source], (source.channels, height, width),
        mode=rng.choice(("MAX", "AVE")), kernel_size=kernel, stride=stride, **fields,
    )


def resized(net: Builder, source: Tensor) -> Tensor:
    """A layer that changes the shape without hardware."""
    kind = net.rng.choice(("downsample", "expand", "adaptive"))
    if kind == "downsample":
        return net.add(kind, [source], (source.channels, source.height // 2, source.width // 2))
    if kind == "expand":
        channels = source.channels + net.rng.choice((0, 3, 8))
        return net.add(kind, [source], (channels, source.height, source.width), max_channels=channels)
    return adaptive(net, source, net.rng.randint(1, min(source.height, source.width)))


def adaptive(net: Builder, source: Tensor, side: int) -> Tensor:
    """An adaptive mean to a square output."""
    return net.add("AdaptiveAvgPool2d", [source], (source.channels, side, side), output_size=[side, side])


BLOCKS = {
    plain: 9, grouped: 3, identity_block: 4, projection_block: 3, chained_sums: 2,
    free_shortcut: 1, pooling: 4, resized: 1,
}


def head(net: Builder, source: Tensor) -> None:
    """The classifier: pooled or not, flattened, one to three fully connected layers."""
    rng = net.rng
    if source.channels * source.height * source.width > 6000 or rng.random() < 0.2:
        if rng.random() < 0.5:
            source = adaptive(net, source, rng.choice((1, 2)))
        else:
            kernel = max(1, min(source.height, source.width) // rng.choice((1, 2)))
            sides = ((side - kernel) // kernel + 1 for side in (source.height, source.width))
            source = net.add("pooling", [source], (source.channels, *sides), mode="AVE",
                             kernel_size=kernel, stride=kernel)
    features = source.channels * source.height * source.width
    if rng.random() < 0.6:
        source = net.add("view", [source], (features, 1, 1))
    else:
        source = net.add("flatten", [source], (features, 1, 1), start_dim=1, end_dim=-1)
    for last in range(rng.randint(0, 2), -1, -1):
        wide = rng.choice((10, 100)) if last == 0 else rng.choice((30, 64, 256, 512))
        source = net.add("fc", [source], (wide, 1, 1), in_features=source.channels, out_features=wide)
        if last:
            source = net.keep("dropout", source) if rng.random() < 0.5 else source
            source = net.activate(source)


def random_network(rng: random.Random) -> dict[str, Any]:
    """A random network in the form of the case files."""
    height = rng.choice((8, 12, 15, 16, 20, 24, 28, 32))
    width = height if rng.random() < 0.65 else rng.choice((8, 10, 14, 17, 24, 32))
    start = Tensor(-1, rng.choice((1, 3, 3, 3, 4, 8)), height, width)
    activation = rng.choice(ACTIVATION_BITS)
    net = Builder(
        rng, start, rng.random() < 0.5, rng.choice(WEIGHT_BITS), activation, rng.random() < 0.8
    )
    grow(net, start)
    return {
        "input_shape": [1, start.channels, start.height, start.width],
        "input": {"activation_scale": 1.0 / 255.0, "activation_bit": rng.choice((8, 9, activation))},
        "layers": net.layers,
    }


def grow(net: Builder, start: Tensor) -> None:
    """A first convolution, random blocks, and mostly a classifier."""
    source = attempt(net, plain, start)
    for _ in range(net.rng.randint(1, 7)):
        block = net.rng.choices(list(BLOCKS), list(BLOCKS.values()))[0]
        source = attempt(net, block, source)
    if net.rng.random() < 0.95:
        head(net, source)


def attempt(net: Builder, block: Any, source: Tensor) -> Tensor:
    """Add a block; take back its layers and try again, or another, if it does not fit."""
    before = len(net.layers)
    for tries in range(40):
        try:
            return block(net, source)
        except DeadEnd:
            del net.layers[before:]
            block = block if tries < 20 else plain
    raise DeadEnd


def hardware_layers(network: dict[str, Any]) -> list[str]:
    """The types of the layers that the hardware sees, in order; grouped ones count as conv."""
    names = ("conv" if layer["type"] == "group_conv" else layer["type"] for layer in network["layers"])
    return [name for name in names if name in HARDWARE_TYPES]


def random_multiple(rng: random.Random, network: dict[str, Any]) -> list[int]:
    """A replication factor a hardware layer: more than one for some convolutions only."""
    return [
        rng.choices((1, 2, 3, 4, 8), (5, 3, 1, 1, 0.3))[0] if name == "conv" else 1
        for name in hardware_layers(network)
    ]
