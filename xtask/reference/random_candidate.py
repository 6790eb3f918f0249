"""Random candidates of a search for fresh cases: the candidate layer list and weights for it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import torch

import random_network
from random_network import Builder, Layer, Tensor

BLOCKS = {
    random_network.plain: 9, random_network.grouped: 3, random_network.identity_block: 4,
    random_network.projection_block: 3, random_network.chained_sums: 2, random_network.free_shortcut: 1,
}


@dataclass
class CandidateBuilder(Builder):
    """A builder that also remembers the shape that each layer gives."""

    shapes: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, kind: str, inputs: list[Tensor], shape: tuple[int, int, int], **fields: Any) -> Tensor:
        """Append a layer; layers that a builder took back lose their shapes here."""
        del self.shapes[len(self.layers) :]
        made = super().add(kind, inputs, shape, **fields)
        self.shapes.append(shape)
        return made


def head(net: CandidateBuilder, source: Tensor) -> None:
    """The classifier: a mean over squares, flattened, one or two fully connected layers."""
    rng = net.rng
    sides = (source.height, source.width)
    kernels = [k for k in range(1, min(sides) + 1) if all(side % k == 0 for side in sides)]
    fitting = [k for k in kernels if source.channels * (sides[0] // k) * (sides[1] // k) <= 6000]
    kernel = rng.choice(fitting or kernels[-1:])
    output = (sides[0] // kernel, sides[1] // kernel)
    source = net.add("adaptive_pooling", [source], (source.channels, *output),
                     input_size=list(sides), output_size=list(output))
    features = source.channels * source.height * source.width
    source = net.add("flatten", [source], (features, 1, 1), start_dim=1, end_dim=-1)
    for last in range(rng.randint(0, 1), -1, -1):
        wide = rng.choice((10, 100)) if last == 0 else rng.choice((30, 64, 256))
        source = net.add("fc", [source], (wide, 1, 1), in_features=source.channels, out_features=wide)
        if last:
            source = net.activate(source)


def random_layers(rng: random.Random) -> tuple[CandidateBuilder, Tensor]:
    """A random network of blocks that a candidate can have."""
    height = rng.choice((8, 12, 16, 20, 24, 32))
    width = height if rng.random() < 0.7 else rng.choice((8, 16, 24, 32))
    start = Tensor(-1, rng.choice((1, 3, 3, 4)), height, width)
    bits = random_network.ACTIVATION_BITS
    net = CandidateBuilder(
        rng, start, rng.random() < 0.5, rng.choice(random_network.WEIGHT_BITS), rng.choice(bits),
        rng.random() < 0.8,
    )
    source = random_network.attempt(net, random_network.plain, start)
    for _ in range(rng.randint(1, 6)):
        block = rng.choices(list(BLOCKS), list(BLOCKS.values()))[0]
        source = random_network.attempt(net, block, source)
    head(net, source)
    return net, start


def candidate_layer(net: CandidateBuilder, index: int, outputs: dict[int, list]) -> Layer:
    """A layer in the form of the candidate layer list; adds its output to `outputs`."""
    layer = dict(net.layers[index])
    kind, offsets = layer.pop("type"), layer.pop("input_index")
    weight_bit, bits = layer.pop("weight_bit"), layer.pop("activation_bit")
    del layer["point_shift"]
    sources = [index + offset for offset in offsets]
    channels, height, width = net.shapes[index]
    # What follows the flattening has one dimension.
    flat = kind == "flatten" or any(len(outputs[source][2]) == 1 for source in sources)
    outputs[index] = [bits, round(net.rng.uniform(0.5, 4.0), 4), [channels] if flat else [channels, height, width]]
    made = {"_type": kind, "input": [outputs[source] for source in sources], "output": [outputs[index]],
            "from": sources, "to": [index], **layer}
    if kind in ("conv", "group_conv", "fc"):
        made["weight_info"] = {"bit": weight_bit, "scale": round(net.rng.uniform(0.3, 1.0), 4)}
    return made


def random_candidate(rng: random.Random) -> list[Layer]:
    """A random candidate layer list."""
    net, start = random_layers(rng)
    outputs = {-1: [net.activation_bit, 3.2, [start.channels, start.height, start.width]]}
    return [candidate_layer(net, index, outputs) for index in range(len(net.layers))]


def random_tensors(layers: list[Layer], seed: str) -> dict[str, torch.Tensor]:
    """Parameters for a layer list, as the case files name them."""
    generator = torch.Generator().manual_seed(random.Random(seed).getrandbits(60))
    tensors = {}
    for index, layer in enumerate(layers):
        name = f"param.{index}"
        if layer["_type"] == "bn":
            features = layer["features"]
            tensors |= {f"{name}.weight": torch.ones(features), f"{name}.bias": torch.zeros(features),
                        f"{name}.running_mean": torch.zeros(features),
                        f"{name}.running_var": torch.ones(features)}
        elif layer["_type"] == "fc":
            shape = (layer["out_features"], layer["in_features"])
            tensors[f"{name}.weight"] = torch.rand(shape, generator=generator) - 0.5
        elif layer["_type"] in ("conv", "group_conv"):
            shape = (layer["out_channels"], layer["in_channels"] // layer.get("groups", 1),
                     layer["kernel_size"], layer["kernel_size"])
            tensors[f"{name}.weight"] = torch.rand(shape, generator=generator) - 0.5
            tensors[f"{name}.padding_flag"] = torch.tensor(1)
    return tensors
