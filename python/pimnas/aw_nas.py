"""Components for searches by aw_nas: ``awnas search`` over networks and crossbars, with rewards from
pimnas.

A file with ``from pimnas.aw_nas import Plugin`` in the folder that ``AWNAS_PLUGIN_DIR`` names makes
them known. They are

- ``pim_idx``, a data set of IDX files, such as Fashion-MNIST;
- ``pim``, a germ super net of quantised layers that decides channels, kernels, bits and crossbars;
- ``pim_germ``, its weights manager, whose candidates describe themselves to ``pimnas.mnsim``;
- ``pim_classification``, an objective of accuracy and hardware costs.
"""

from __future__ import annotations

import gzip
import math
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np
import torch
from aw_nas import AwnasPlugin, germ
from aw_nas.dataset.base import BaseDataset
from aw_nas.germ.supernet import GermCandidateNet, GermWeightsManager
from aw_nas.objective.image import ClassificationObjective
from aw_nas.utils.torch_utils import accuracy
from torch import nn
from torch.nn import functional

from pimnas import ConfigError, Hardware, NetworkError
from pimnas.mnsim import AWNASTrainTestInterface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "PimCandidateNet",
    "PimIdx",
    "PimObjective",
    "PimSuperNet",
    "PimWeightsManager",
    "Plugin",
]

# The hardware decisions, with what they can be chosen from unless a configuration says otherwise:
# ADCs of 10, 8, 6 and 4 bits, DACs of 1 and 2 bits.
HARDWARE = {
    "xbar_size": [64, 128, 256],
    "dac_choice": [1, 2],
    "adc_choice": [1, 3, 4, 7],
    "cell_bit": [1, 2],
}
COSTS = ("latency_ms", "energy_mJ", "area_mm2", "power_W")
# How fast a range follows the largest activation of a batch.
MOMENTUM = 0.1


class PimIdx(BaseDataset):
    """Images and labels in IDX files (gzipped), as MNIST and its relatives have them.

    ``folder`` has ``train-images-idx3-ubyte.gz``, ``train-labels-idx1-ubyte.gz`` and the same two of
    ``t10k``. The first ``train`` and ``test`` images are used, all where that is None.
    """

    NAME = "pim_idx"

    def __init__(
        self, folder: str, train: Optional[int] = None, test: Optional[int] = None
    ) -> None:
        super().__init__()
        base = Path(folder).expanduser()
        self.datasets = {
            "train": _images(base, "train", train),
            "test": _images(base, "t10k", test),
        }

    def splits(self) -> dict[str, Any]:
        """Data sets by name."""
        return self.datasets

    @classmethod
    def data_type(cls) -> str:
        """Images."""
        return "image"


def _images(base: Path, part: str, limit: Optional[int]) -> Any:
    images = _idx(base / f"{part}-images-idx3-ubyte.gz")[:limit]
    labels = _idx(base / f"{part}-labels-idx1-ubyte.gz")[:limit]
    pixels = torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)
    return torch.utils.data.TensorDataset(pixels, torch.from_numpy(labels.astype(np.int64)))


def _idx(path: Path) -> np.ndarray[Any, Any]:
    """An IDX file: two zeros, the type (8: bytes), the number of dimensions, their sizes, values."""
    try:
        raw = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise NetworkError(
            f"cannot read {path}: {error}", "dataset", "give the folder of the four IDX files", str(path)
        ) from error
    dims = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3] if raw[3:] else 0)]
    begin = 4 + 4 * len(dims)
    if raw[:3] != b"\0\0\x08" or not dims or len(raw) - begin != math.prod(dims):
        raise NetworkError(f"{path} is no IDX file of bytes", "dataset", "give the original file")
    return np.frombuffer(raw, np.uint8, offset=begin).reshape(dims)


def quantised(values: torch.Tensor, bits: int, scale: Union[float, torch.Tensor]) -> torch.Tensor:
    """Values on a symmetric grid of `bits` with `scale` at its end; gradients pass where nothing is
    cut off."""
    largest = 2 ** (int(bits) - 1) - 1
    step = torch.clamp(torch.as_tensor(scale, dtype=values.dtype), min=1e-8) / largest
    cut = torch.clamp(values, min=-step * largest, max=step * largest)
    return cut + (torch.round(cut / step) * step - cut).detach()


def _weights(raw: torch.Tensor, bits: int) -> tuple[torch.Tensor, float]:
    """Weights on the grid of their largest, and the scale of that grid. A candidate has these, not the
    ones that are trained: in fixed point the published interface takes weights as they are."""
    scale = float(raw.detach().abs().max())
    return quantised(raw, bits, scale), scale


class _Trace:
    """What a candidate is as a list of layers, while it is put together."""

    def __init__(self, shape: Sequence[int], bits: int, scale: float) -> None:
        self.layers: list[dict[str, Any]] = []
        self.parameters: list[dict[str, Any]] = []
        self.at = -1
        self.ends: dict[int, list[Any]] = {-1: [bits, scale, list(shape)]}

    @property
    def shape(self) -> list[int]:
        """Shape behind the last layer."""
        return list(self.ends[self.at][2])

    def add(
        self,
        kind: str,
        end: tuple[Optional[int], Optional[float], Optional[Sequence[int]]] = (None, None, None),
        sources: Optional[Sequence[int]] = None,
        parameters: Optional[Mapping[str, Any]] = None,
        **fields: Any,
    ) -> None:
        """A layer; what `end` leaves open (bits, scale, shape) stays as it is before it."""
        sources = [self.at] if sources is None else list(sources)
        before = [list(self.ends[source]) for source in sources]
        new: list[Any] = list(end)
        bits, scale, shape = (old if value is None else value for value, old in zip(new, before[-1]))
        behind = [bits, scale, list(shape)]
        number = len(self.layers)
        layer = {"_type": kind, "input": before, "output": [list(behind)], "from": sources}
        self.layers.append({**layer, "to": [number], **fields})
        self.parameters.append(dict(parameters or {}))
        self.ends[number] = behind
        self.at = number


class _Block(germ.SearchableBlock):
    """A searchable block that follows the ranges of its activations."""

    def _value(self, decision: Any) -> int:
        return int(self._get_decision(decision, self.ctx.rollout))

    def _follow(self, name: str, values: torch.Tensor) -> torch.Tensor:
        """The scale of a range, after it followed these values if the block is trained."""
        scale: torch.Tensor = getattr(self, name)
        if self.training and torch.is_grad_enabled():
            largest = values.detach().abs().max()
            fresh = largest if float(scale) == 0.0 else scale + MOMENTUM * (largest - scale)
            scale.copy_(fresh)
        return scale.clone() if float(scale) else values.detach().abs().max()


class PimConv(_Block):
    """A convolution, batch normalisation and ReLU, all quantised; with ``residual``, what comes in
    is added. Narrower candidates use the first channels, smaller kernels the middle."""

    NAME = "pim_conv"

    def __init__(
        self,
        ctx: Any,
        widest: tuple[int, int],
        in_channels: Any,
        out_channels: Any,
        kernel: Any,
        bits: Any,
        *,
        stride: int = 1,
        residual: bool = False,
    ) -> None:
        super().__init__(ctx)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel = kernel
        self.bits = bits
        self.stride = stride
        self.residual = residual
        largest = max(kernel.choices) if isinstance(kernel, germ.BaseDecision) else int(kernel)
        self.weight = nn.Parameter(torch.empty(widest[1], widest[0], largest, largest))
        nn.init.kaiming_normal_(self.weight)
        self.norm = nn.BatchNorm2d(widest[1])
        for name in ("conv_scale", "norm_scale", "sum_scale"):
            self.register_buffer(name, torch.zeros(()))

    def _chosen(self) -> tuple[int, int, torch.Tensor, dict[str, torch.Tensor]]:
        """Bits, kernel, the weights and the normalisation of the current candidate."""
        bits, kernel = self._value(self.bits), self._value(self.kernel)
        inputs, outputs = self._value(self.in_channels), self._value(self.out_channels)
        edge = (self.weight.shape[-1] - kernel) // 2
        end = edge + kernel
        weight = self.weight[:outputs, :inputs, edge:end, edge:end]
        norm = {
            name: getattr(self.norm, name)[:outputs]
            for name in ("weight", "bias", "running_mean", "running_var")
        }
        return bits, kernel, weight, norm

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Outputs of the current candidate."""
        bits, kernel, weight, norm = self._chosen()
        weight, _ = _weights(weight, bits)
        outputs = functional.conv2d(inputs, weight, stride=self.stride, padding=kernel // 2)
        outputs = quantised(outputs, bits, self._follow("conv_scale", outputs))
        outputs = functional.batch_norm(
            outputs,
            norm["running_mean"],
            norm["running_var"],
            norm["weight"],
            norm["bias"],
            training=self.training,
        )
        outputs = functional.relu(outputs)
        outputs = quantised(outputs, bits, self._follow("norm_scale", outputs))
        if self.residual:
            outputs = outputs + inputs
            outputs = quantised(outputs, bits, self._follow("sum_scale", outputs))
        return outputs

    def describe(self, trace: _Trace) -> None:
        """Add the layers of the current candidate."""
        bits, kernel, weight, norm = self._chosen()
        weight, scale = _weights(weight.detach(), bits)
        begin = trace.at
        _, rows, columns = trace.shape
        size = [-(-rows // self.stride), -(-columns // self.stride)]
        trace.add(
            "conv",
            (bits, float(self.conv_scale), [len(weight), *size]),
            parameters={"weight": weight},
            in_channels=weight.shape[1],
            out_channels=len(weight),
            kernel_size=kernel,
            stride=self.stride,
            padding=kernel // 2,
            weight_info={"bit": bits, "scale": scale},
        )
        trace.add(
            "bn",
            (bits, float(self.norm_scale), None),
            parameters={name: values.detach() for name, values in norm.items()},
            features=len(weight),
        )
        trace.add("relu")
        if self.residual:
            trace.add("element_sum", (bits, float(self.sum_scale), None), [trace.at, begin])


class PimClassifier(_Block):
    """The mean over rows and columns, and a quantised linear layer without bias."""

    NAME = "pim_classifier"

    def __init__(self, ctx: Any, widest: int, channels: Any, bits: Any, classes: int) -> None:
        super().__init__(ctx)
        self.channels = channels
        self.bits = bits
        self.weight = nn.Parameter(torch.empty(classes, widest))
        nn.init.normal_(self.weight, std=widest**-0.5)
        self.register_buffer("scale", torch.zeros(()))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Outputs of the current candidate."""
        bits, weight = self._value(self.bits), self.weight[:, : self._value(self.channels)]
        weight, _ = _weights(weight, bits)
        outputs = functional.linear(inputs.mean((2, 3)), weight)
        return quantised(outputs, bits, self._follow("scale", outputs))

    def describe(self, trace: _Trace) -> None:
        """Add the layers of the current candidate."""
        bits, weight = self._value(self.bits), self.weight[:, : self._value(self.channels)].detach()
        weight, scale = _weights(weight, bits)
        channels, *size = trace.shape
        end = (None, None, [channels, 1, 1])
        trace.add("adaptive_pooling", end, input_size=size, output_size=[1, 1])
        trace.add("flatten", (None, None, [channels]), start_dim=1, end_dim=-1)
        trace.add(
            "fc",
            (bits, float(self.scale), [len(weight)]),
            parameters={"weight": weight},
            in_features=channels,
            out_features=len(weight),
            weight_info={"bit": bits, "scale": scale},
        )


class PimHardware(germ.SearchableBlock):
    """The hardware decisions; it computes nothing."""

    NAME = "pim_hardware"

    def __init__(self, ctx: Any, choices: Mapping[str, Sequence[int]]) -> None:
        super().__init__(ctx)
        for name, values in choices.items():
            decision = germ.Choices(list(values))
            decision.decision_id = f"hardware.{name}"
            setattr(self, name, decision)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """What comes in."""
        return inputs


class PimSuperNet(germ.GermSuperNet):
    """A stem, and for each entry of ``channels`` a stage of a convolution and a residual one.

    ``channels`` are the choices of each stage, the stem having those of the first; stages but the
    first halve rows and columns. Every convolution decides its kernel, every stage its bits, the
    hardware its crossbars, converters and cells.
    """

    NAME = "pim"

    def __init__(
        self,
        search_space: Any,
        input_shape: Sequence[int] = (1, 28, 28),
        classes: int = 10,
        channels: Sequence[Sequence[int]] = ((8, 16), (16, 32)),
        kernels: Sequence[int] = (1, 3),
        bits: Sequence[int] = (5, 7, 9),
        input_scale: float = 1.0,
        hardware: Optional[Mapping[str, Sequence[int]]] = None,
    ) -> None:
        super().__init__(search_space)
        self._check(channels, kernels, bits, {**HARDWARE, **(hardware or {})})
        self.input_shape = list(input_shape)
        self.input_bits = max(bits)
        self.input_scale = float(input_scale)
        with self.begin_searchable() as ctx:
            self.hardware = PimHardware(ctx, {**HARDWARE, **(hardware or {})})
            self.blocks = nn.ModuleList()
            width: Any = self.input_shape[0]
            widest = self.input_shape[0]
            for index, options in enumerate(channels):
                stage_bits = germ.Choices(list(bits))
                narrow, widest = widest, max(options)
                before, width = width, germ.Choices(list(options))
                for residual in (False, True):
                    block = PimConv(
                        ctx,
                        (widest if residual else narrow, widest),
                        width if residual else before,
                        width,
                        germ.Choices(list(kernels)),
                        stage_bits,
                        stride=2 if index and not residual else 1,
                        residual=residual,
                    )
                    self.blocks.append(block)
            self.classifier = PimClassifier(ctx, widest, width, stage_bits, classes)

    @staticmethod
    def _check(
        channels: Sequence[Sequence[int]],
        kernels: Sequence[int],
        bits: Sequence[int],
        hardware: Mapping[str, Sequence[int]],
    ) -> None:
        unknown = sorted(set(hardware) - set(HARDWARE))
        problems = [
            (not channels or not all(channels), "channels has no choices"),
            (not kernels or any(k % 2 == 0 for k in kernels), "kernels are not odd numbers"),
            (not bits or any(not 2 <= b <= 16 for b in bits), "bits are not numbers from 2 to 16"),
            (bool(unknown), f"there is no hardware decision {', '.join(unknown)}"),
            (not all(hardware.values()), "a hardware decision has no choices"),
        ]
        said = [words for wrong, words in problems if wrong]
        if said:
            raise ConfigError(
                "the super net: " + "; ".join(said),
                "super-net",
                f"hardware decisions are {', '.join(HARDWARE)}; see docs/AW_NAS.md",
            )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Outputs of the current candidate."""
        states = quantised(inputs, self.input_bits, self.input_scale)
        for block in self.blocks:
            states = block(states)
        outputs: torch.Tensor = self.classifier(states)
        return outputs

    def describe(self, rollout: Any) -> _Trace:
        """The layers of a candidate, and their parameters."""
        self.ctx.rollout = rollout
        trace = _Trace(self.input_shape, self.input_bits, self.input_scale)
        for block in [*self.blocks, self.classifier]:
            block.describe(trace)
        unknown = [i for i, layer in enumerate(trace.layers) if not layer["output"][0][1] > 0]
        if unknown:
            raise NetworkError(
                f"layer {unknown[0]} of the candidate has no scale yet",
                "candidate-scale",
                "train the super net for some batches before candidates are evaluated on hardware",
            )
        return trace


class PimCandidateNet(GermCandidateNet):
    """A candidate that describes itself as ``pimnas.mnsim`` and the published interface read it."""

    def get_mnsim_cfg(self, preserve_scale_flag: bool = False) -> list[dict[str, Any]]:
        """The layers, with their scales in any case."""
        return self._trace().layers

    @property
    def weights_manager(self) -> SimpleNamespace:
        """What has the parameters, one dictionary a layer, in ``_param_list``."""
        return SimpleNamespace(_param_list=self._trace().parameters)

    @property
    def hardware_point(self) -> dict[str, int]:
        """The values of the hardware decisions."""
        return {name: int(self.rollout[f"hardware.{name}"]) for name in HARDWARE}

    def _trace(self) -> _Trace:
        trace: _Trace = self.super_net.super_net.describe(self.rollout)
        return trace


class PimWeightsManager(GermWeightsManager):
    """The weights manager of the super net ``pim``."""

    NAME = "pim_germ"

    def __init__(
        self, search_space: Any, device: Any, rollout_type: str = "germ", **settings: Any
    ) -> None:
        settings.setdefault("germ_supernet_type", PimSuperNet.NAME)
        super().__init__(search_space, device, rollout_type, **settings)

    def assemble_candidate(self, rollout: Any, **_: Any) -> PimCandidateNet:
        """The candidate of a rollout; its weights are those of the super net."""
        return PimCandidateNet(self, rollout, self.candidate_eval_no_grad)


class PimObjective(ClassificationObjective):
    """Accuracy and hardware costs, and a reward of both.

    The reward is accuracy · Π min(1, target / cost)^exponent over ``targets``, which has a pair of
    target and exponent by cost (``latency_ms``, ``energy_mJ``, ``area_mm2``, ``power_W``). ``crossbars``
    says for which evaluations accuracy is that of outputs on crossbars: ``never``, ``test``
    (evaluations on the derive queue) or ``always``. ``sim_config`` is the hardware description that
    the candidate's point is applied to, the default one where it is None.
    """

    NAME = "pim_classification"

    def __init__(
        self,
        search_space: Any,
        targets: Optional[Mapping[str, Sequence[float]]] = None,
        crossbars: str = "test",
        sim_config: Optional[str] = None,
        fidelity: str = "reference",
        label_smooth: Optional[float] = None,
        schedule_cfg: Any = None,
    ) -> None:
        super().__init__(search_space, label_smooth=label_smooth, schedule_cfg=schedule_cfg)
        self.targets = {name: tuple(map(float, pair)) for name, pair in (targets or {}).items()}
        wrong = [
            name
            for name, pair in self.targets.items()
            if name not in COSTS or len(pair) != 2 or not pair[0] > 0 or not math.isfinite(pair[1])
        ]
        if wrong or crossbars not in ("never", "test", "always"):
            raise ConfigError(
                f"targets has {', '.join(wrong)}" if wrong else f"crossbars is {crossbars!r}",
                "objective",
                f"targets: [target, exponent] for {', '.join(COSTS)}; crossbars: never, test, always",
            )
        self.crossbars = crossbars
        self.fidelity = fidelity
        self.base = Hardware() if sim_config is None else Hardware.from_file(sim_config)
        self._costs: OrderedDict[str, dict[str, float]] = OrderedDict()

    def perf_names(self) -> list[str]:
        """Names of what `get_perfs` gives."""
        return ["acc", *COSTS]

    def interface(self, cand_net: PimCandidateNet) -> AWNASTrainTestInterface:
        """The candidate on its hardware."""
        hardware = self.base.with_point(**cand_net.hardware_point)
        return AWNASTrainTestInterface(self, cand_net, hardware, fidelity=self.fidelity)

    def costs(self, cand_net: PimCandidateNet) -> dict[str, float]:
        """The four figures of merit. They do not depend on weights, so each candidate is asked once."""
        known = self._costs.get(cand_net.rollout.genotype)
        if known is None:
            asked = self.interface(cand_net)
            known = {
                "latency_ms": asked.latency_evaluate(),
                "energy_mJ": asked.energy_evaluate(),
                "area_mm2": asked.area_evaluate(),
                "power_W": asked.power_evaluate(),
            }
            self._costs[cand_net.rollout.genotype] = known
        return known

    def get_perfs(self, inputs: Any, outputs: Any, targets: Any, cand_net: Any) -> list[float]:
        """Accuracy, 0 to 1, and the costs."""
        if self.crossbars == "always" or self.crossbars == "test" and not self.is_training:
            outputs = self.interface(cand_net).hardware_evaluate(inputs)
        share = float(accuracy(outputs, targets)[0]) / 100
        return [share, *self.costs(cand_net).values()]

    def get_reward(self, inputs: Any, outputs: Any, targets: Any, cand_net: Any) -> float:
        """Accuracy, less for each cost beyond its target."""
        share, *costs = self.get_perfs(inputs, outputs, targets, cand_net)
        reward: float = share
        for name, cost in zip(COSTS, costs):
            target, exponent = self.targets.get(name, (math.inf, 0.0))
            reward *= min(1.0, target / cost) ** exponent
        return reward


class Plugin(AwnasPlugin):
    """What aw_nas looks for in its folder of plugins."""

    NAME = "pimnas"
    dataset_list = [PimIdx]
    weights_manager_list = [PimWeightsManager]
    objective_list = [PimObjective]
