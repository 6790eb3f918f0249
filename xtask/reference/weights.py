"""Random weights for a network case: a case file and a tensor file that other commands take."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from cases import Case, hardware_file, split_network
from inference import PREFIX
from reference_modules import BadInput, Reference, quiet
from safetensors_io import write_tensors

# Passes over the batch in which the reference settles the scales of its activations.
PASSES = 3


def weighted_case(
    reference: Reference, case: Case, config: Path, seed: int, batch: int
) -> tuple[Case, dict[str, torch.Tensor]]:
    """The case with the reference's own random weights and images, scales settled on them.

    Images are multiples of the input's step, between 0 and its largest value.
    """
    if "network" not in case:
        raise BadInput("the case has no `network`")
    torch.manual_seed(seed)
    network = case["network"]
    step, bits = network["input"]["activation_scale"], network["input"]["activation_bit"]
    shape = (batch, *network["input_shape"][1:])
    images = torch.randint(0, 2 ** (bits - 1), shape).to(torch.float32) * step
    with hardware_file(config, case["config_overrides"]) as path, quiet(), torch.no_grad():
        hardware = reference.utils.load_sim_config(path, None)[0]
        net = reference.network.NetworkGraph(hardware, *split_network(network)).train()
        for _ in range(PASSES):
            net(images, "FIX_TRAIN")
        net.eval()
        net(images, "FIX_TRAIN")
    tensors = {PREFIX + name: value for name, value in net.state_dict().items()}
    return case, tensors | {"input": images}


def write_case(folder: Path, name: str, made: tuple[Case, dict[str, torch.Tensor]]) -> None:
    """Write both files."""
    case, tensors = made
    kept = {key: case[key] for key in ("zoo", "network", "config_overrides") if key in case}
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / f"{name}.safetensors", tensors)
    text = json.dumps(kept | {"tensors": f"{name}.safetensors"})
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
