"""Outputs of a network: in floating point, in fixed point, on the crossbars with both ranges of the ADC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from cases import Case, split_network
from reference_modules import BadInput, Reference, quiet
from safetensors_io import read_tensors

# The name of an output, and the method and ADC action with which the reference computes it.
METHODS: dict[str, tuple[str, str]] = {
    "float": ("TRADITION", "SCALE"),
    "crossbar_scale": ("SINGLE_FIX_TEST", "SCALE"),
    "crossbar_fix": ("SINGLE_FIX_TEST", "FIX"),
    # The last: it writes the scales that it finds into the network.
    "fixed": ("FIX_TRAIN", "SCALE"),
}
PREFIX = "param."


def case_tensors(case: Case, path: Path) -> dict[str, torch.Tensor]:
    """The tensors that the case file names, from the folder of the case file."""
    name = case.get("tensors") or case.get("expected", {}).get("tensors")
    if name is None:
        raise BadInput(f"{path} names no tensors")
    return read_tensors(path.parent / name)


def state_dict(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The network's parameters and buffers; flags back to integers."""
    state = {}
    for name, tensor in tensors.items():
        if name.startswith(PREFIX):
            integral = name.endswith(("padding_flag", "num_batches_tracked"))
            state[name[len(PREFIX) :]] = tensor.to(torch.int64) if integral else tensor
    return state


def load_network(
    reference: Reference, case: Case, tensors: dict[str, torch.Tensor], config: str
) -> Any:
    """The reference's network with the case's weights, ready for inference."""
    hardware = reference.utils.load_sim_config(config, None)[0]
    with quiet():
        net = reference.network.NetworkGraph(hardware, *split_network(case["network"]))
        net.load_state_dict(state_dict(tensors), strict=True)
    return net.eval()


def outputs(net: Any, images: torch.Tensor, names: list[str]) -> dict[str, torch.Tensor]:
    """The named outputs for a batch."""
    with torch.no_grad(), quiet():
        return {name: net(images, *METHODS[name]) for name in names}
