"""The flow of a search: a candidate's layer list and weights through the reference's interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from cases import Case
from inference import PREFIX
from reference_modules import Reference, quiet

# The name of a recorded number, the method that answers it, and whether it takes the flag that
# disables the inner pipeline.
QUESTIONS: dict[str, tuple[str, dict[str, bool]]] = {
    "latency_evaluate": ("latency_evaluate", {}),
    "area_evaluate": ("area_evaluate", {}),
    "power_evaluate": ("power_evaluate", {}),
    "energy_evaluate": ("energy_evaluate", {}),
    "latency_evaluate_no_pipeline": ("latency_evaluate", {"disable_inner_pipeline": True}),
    "energy_evaluate_no_pipeline": ("energy_evaluate", {"disable_inner_pipeline": True}),
}
TENSORS = ("hardware_evaluate", "origin_evaluate")


@dataclass
class WeightsManager:
    """Stands for the super net: one dictionary of tensors a layer."""

    _param_list: list[dict[str, torch.Tensor]]


@dataclass
class CandidateNet:
    """Stands for a candidate of the super net."""

    layers: list[dict[str, Any]]
    weights_manager: WeightsManager

    def get_mnsim_cfg(self, preserve_scale_flag: bool = False) -> list[dict[str, Any]]:
        """The layer list with its scales."""
        del preserve_scale_flag
        return self.layers


def candidate_net(layers: list[dict[str, Any]], tensors: dict[str, torch.Tensor]) -> CandidateNet:
    """Build the stand-in from a layer list and tensors named `param.<layer>.<name>`."""
    params: list[dict[str, torch.Tensor]] = [{} for _ in layers]
    for name, tensor in tensors.items():
        if name.startswith(PREFIX):
            layer, key = name[len(PREFIX) :].split(".", 1)
            flag = key == "padding_flag"
            params[int(layer)][key] = tensor.to(torch.int64) if flag else tensor
    return CandidateNet(layers, WeightsManager(params))


def interface(reference: Reference, case: Case, tensors: dict[str, torch.Tensor], config: str) -> Any:
    """A fresh interface, as a search makes one for every candidate."""
    with quiet():
        net = candidate_net(case["mnsim_cfg"], tensors)
        return reference.awnas.AWNASTrainTestInterface(None, net, config)


def numbers(
    reference: Reference, case: Case, tensors: dict[str, torch.Tensor], config: str
) -> dict[str, float]:
    """The six numbers, each from its own interface because answers depend on what was asked before."""
    answers = {}
    for name, (method, flags) in QUESTIONS.items():
        fresh = interface(reference, case, tensors, config)
        with quiet():
            answers[name] = float(getattr(fresh, method)(**flags))
    return answers


def output_tensors(
    reference: Reference, case: Case, tensors: dict[str, torch.Tensor], config: str
) -> dict[str, torch.Tensor]:
    """The outputs on the crossbars and in fixed point, each from its own interface."""
    answers = {}
    for name in TENSORS:
        fresh = interface(reference, case, tensors, config)
        with quiet():
            answers[name] = getattr(fresh, name)(tensors["input"])
    return answers
