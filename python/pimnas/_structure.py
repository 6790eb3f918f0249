"""Layers and cells in the form in which the reference's interface gives them."""

from __future__ import annotations

import math
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Optional

from pimnas._errors import NetworkError

if TYPE_CHECKING:
    from pimnas._native import Interface

# Layers that have a place of their own on the hardware.
_PLACED = ("conv", "group_conv", "pooling", "element_sum", "fc")
_WEIGHTED = ("conv", "group_conv", "fc")

NetBits = list[Optional[dict[str, Any]]]


def _window(layer: dict[str, Any]) -> tuple[int, ...]:
    kernel = layer.get("kernel_size")
    return () if kernel is None else (int(kernel), int(kernel))


def net_bits(interface: Interface) -> NetBits:
    """For each layer the digits of its weights, positive and negative, by row split and digit.

    Each array is outputs × inputs (× rows × columns of the kernel); groups follow one another.
    """
    import numpy as np

    layers = interface.network.layers
    parts: list[dict[tuple[int, int], list[Any]]] = [{} for _ in layers]
    for layer, _group, split, digit, values in interface.cells():
        window = _window(layers[layer])
        shaped = values.reshape(len(values), -1, *window) if window else values
        parts[layer].setdefault((split, digit), []).append(shaped)
    bits: NetBits = []
    for of_layer in parts:
        named: dict[str, Any] = OrderedDict()
        for (split, digit), groups in sorted(of_layer.items()):
            signed = np.concatenate(groups)
            name = f"split{split}_weight{digit}"
            named[f"{name}_positive"] = np.where(signed > 0, signed, 0)
            named[f"{name}_negative"] = np.where(signed < 0, -signed, 0)
        bits.append(named or None)
    return bits


def cells(interface: Interface, bits: NetBits) -> list[Any]:
    """The values of the crossbars' arrays, in their order, from what `net_bits` gave."""
    import numpy as np

    weighted = [of_layer for of_layer in bits if of_layer is not None]
    kinds = [layer["type"] in _WEIGHTED for layer in interface.network.layers]
    if len(weighted) != sum(kinds):
        raise NetworkError(
            f"bits of {len(weighted)} layers are given for {sum(kinds)} layers with weights",
            "cells",
            "give what get_net_bits returned, with other numbers in it",
        )
    places = np.cumsum(kinds) - 1
    values = []
    for layer, group, split, digit, known in interface.cells():
        name = f"split{split}_weight{digit}"
        of_layer = weighted[places[layer]]
        try:
            signed = np.asarray(of_layer[f"{name}_positive"]) - np.asarray(
                of_layer[f"{name}_negative"]
            )
        except KeyError as error:
            raise NetworkError(
                f"layer {layer} has no {error}", "cells", "give what get_net_bits returned"
            ) from None
        outputs = len(known)
        part = signed[group * outputs : (group + 1) * outputs].reshape(outputs, -1)
        values.append(np.ascontiguousarray(part, dtype=np.float32))
    return values


def _described(interface: Interface) -> list[dict[str, Any]]:
    """Each layer as the reference describes it."""
    network = interface.network
    cell_bits = interface.crossbar["cell_bits"]
    splits: dict[int, set[int]] = {}
    for place, _group, split, _digit, _values in interface.cells():
        splits.setdefault(place, set()).add(split)
    described = []
    for index, (layer, shapes) in enumerate(zip(network.layers, network.shapes)):
        (before, after), kind = shapes, layer["type"]
        # The reference compares these words by identity.
        info: dict[str, Any] = OrderedDict(type=sys.intern("conv" if kind == "group_conv" else kind))
        if kind in ("conv", "group_conv", "pooling"):
            info.update(
                Inputchannel=before[0] // layer.get("groups", 1),
                Inputsize=list(before[1:]),
                Kernelsize=layer["kernel_size"],
                Stride=layer["stride"],
                Padding=layer.get("padding", 0),
                Outputchannel=after[0],
                Outputsize=list(after[1:]),
            )
        elif kind == "fc":
            info.update(Infeature=math.prod(before), Outfeature=math.prod(after))
        elif kind == "bn":
            info.update(features=layer["features"])
        bits = layer["activation_bit"]
        info.update(
            Inputbit=layer.get("input_bit", bits), Weightbit=layer["weight_bit"], outputbit=bits
        )
        if kind in _WEIGHTED:
            info.update(
                row_split_num=len(splits[index]),
                weight_cycle=math.ceil((layer["weight_bit"] - 1) / cell_bits),
            )
        info.update(Inputindex=list(layer["input_index"]), Outputindex=[1])
        described.append(info)
    return described


def _numbers(described: list[dict[str, Any]]) -> list[int]:
    """The number of each layer among those that have a place; the others have their input's."""
    numbers: list[int] = []
    count = 0
    for index, info in enumerate(described):
        if info["type"] in _PLACED:
            numbers.append(count)
            count += 1
        else:
            source = index + info["Inputindex"][0]
            numbers.append(numbers[source] if source >= 0 else -1)
    return numbers


def structure(interface: Interface) -> list[Any]:
    """For each layer with a place, its tiles: the layer's description and its crossbars' arrays."""
    described, bits = _described(interface), net_bits(interface)
    numbers = _numbers(described)
    placed = [index for index, info in enumerate(described) if info["type"] in _PLACED]
    inputs = {
        index: [
            numbers[index + offset] if index + offset >= 0 else -1
            for offset in described[index]["Inputindex"]
        ]
        for index in placed
    }
    tiles_of_layers: list[Any] = []
    for index in placed:
        own = numbers[index]
        info = OrderedDict(described[index])
        readers = [numbers[reader] for reader in placed if own in inputs[reader]]
        info.update(
            Layerindex=own,
            Inputindex=[source - own for source in inputs[index]],
            Outputindex=[reader - own for reader in readers],
        )
        of_layer = bits[index]
        if of_layer is None:
            tiles_of_layers.append([(info, None)])
            continue
        pairs = _crossbars(of_layer, info, interface.hardware.crossbar_size[1])
        rows, columns = interface.hardware.pe_grid
        size = rows * columns
        tiles = [(info, pairs[start : start + size]) for start in range(0, len(pairs), size)]
        tiles_of_layers.append(tiles)
    return tiles_of_layers


def _crossbars(bits: dict[str, Any], info: dict[str, Any], columns: int) -> list[Any]:
    """One entry a PE: for each digit the positive and the negative array, outputs × rows."""
    import numpy as np

    def cut(name: str) -> list[Any]:
        values = bits[name].reshape(len(bits[name]), -1).astype(np.uint8)
        return [values[start : start + columns] for start in range(0, len(values), columns)]

    pes: list[Any] = []
    for split in range(info["row_split_num"]):
        arrays = [
            (cut(f"split{split}_weight{digit}_positive"), cut(f"split{split}_weight{digit}_negative"))
            for digit in range(info["weight_cycle"])
        ]
        for part in range(len(arrays[0][0])):
            pes.append([[positive[part], negative[part]] for positive, negative in arrays])
    return pes
