"""The reference's interfaces for search scripts, answered by pimnas.

:class:`AWNASTrainTestInterface` and :class:`TrainTestInterface` take the arguments and return the
types of the classes of MNSIM 2.0 with these names, so that a script only changes its import, or calls
:func:`install` once. Answers are those of the fidelity ``reference`` unless ``fidelity`` says
otherwise. PyTorch is not needed: NumPy arrays work in its place.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
import warnings
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Optional, Union

from pimnas import _structure
from pimnas._errors import ConfigError, NetworkError, SearchError
from pimnas._native import Hardware, Interface, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pimnas._native import _Arithmetic as Arithmetic

__all__ = [
    "AWNASTrainTestInterface",
    "TrainTestInterface",
    "install",
    "modify_sim_config",
    "uninstall",
]

# The arithmetic of each `method` of the reference, on crossbars by the range of the ADCs.
_METHODS: dict[str, dict[str, Arithmetic]] = {
    "TRADITION": {"SCALE": "float", "FIX": "float"},
    "FIX_TRAIN": {"SCALE": "fixed", "FIX": "fixed"},
    "SINGLE_FIX_TEST": {"SCALE": "crossbar", "FIX": "crossbar-fix"},
}
# Where the reference's overrides of the hardware go.
_EXTRA = {"xbar_size": "rows", "dac_res": "dac_bits", "adc_res": "adc_bits"}
_CLASSES = {"cifar10": 10, "cifar100": 100}
_DECISIONS = ("xbar_size", "dac_choice", "adc_choice", "cell_bit")


def _hardware(simconfig: Any) -> Hardware:
    if isinstance(simconfig, Hardware):
        return simconfig
    if not isinstance(simconfig, (str, os.PathLike)):
        raise ConfigError(
            f"{simconfig!r} is no hardware description",
            "config-wrong-type",
            "give the path of a SimConfig.ini, or a pimnas.Hardware",
        )
    return Hardware.from_file(simconfig)


def _overrides(extra: Optional[Mapping[str, Any]]) -> Optional[dict[str, Optional[int]]]:
    if extra is None:
        return None
    missing = [key for key in _EXTRA if key not in extra]
    if missing:
        raise ConfigError(
            f"extra_define lacks {', '.join(missing)}",
            "config-missing-key",
            "give xbar_size, dac_res and adc_res",
        )
    return {name: int(extra[key]) for key, name in _EXTRA.items()}


def _like(outputs: Any, inputs: Any) -> Any:
    """Outputs of the kind of the inputs: same package, device and type of floats."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(inputs, torch.Tensor):
        dtype = inputs.dtype if inputs.dtype.is_floating_point else torch.float32
        return torch.from_numpy(outputs).to(device=inputs.device, dtype=dtype)
    dtype = getattr(inputs, "dtype", None)
    if getattr(dtype, "kind", "") == "f":
        return outputs.astype(dtype, copy=False)
    return outputs


def _arithmetic(method: str, adc_action: str) -> Arithmetic:
    try:
        return _METHODS[method][adc_action]
    except (KeyError, TypeError):
        raise ConfigError(
            f"there is no method {method!r} with the ADC action {adc_action!r}",
            "method",
            f"give one of {', '.join(_METHODS)}, and SCALE or FIX",
        ) from None


def _unused(given: Mapping[str, Any]) -> None:
    if given:
        names = ", ".join(given)
        warnings.warn(f"arguments that change nothing: {names}", stacklevel=3)


class TrainTestInterface:
    """A network of the zoo with trained weights, tested on a data set.

    ``network_module`` is a name of the zoo (or a :class:`pimnas.Network`), ``dataset_module`` the
    name of a module with ``get_dataloader() -> (train, test)`` (or such a pair), ``weights_file`` a
    PyTorch state dict, a safetensors or an npz file. ``device`` is kept and not used: work runs on
    the CPU.
    """

    def __init__(
        self,
        network_module: Union[str, Network],
        dataset_module: Any,
        SimConfig_path: Any,
        weights_file: Union[str, os.PathLike[str], None] = None,
        device: Any = None,
        extra_define: Optional[Mapping[str, Any]] = None,
        *,
        fidelity: str = "reference",
        **kwargs: Any,
    ) -> None:
        _unused(kwargs)
        self.network_module = network_module
        self.dataset_module = dataset_module
        self.SimConfig_path = SimConfig_path
        self.weights_file = weights_file
        self.device = device
        self.test_loader: Any = None
        hardware = _hardware(SimConfig_path)
        network = self._network(network_module, dataset_module)
        if weights_file is not None:
            network = network.with_weights(weights_file)
        self._interface = Interface(
            network, hardware, fidelity=fidelity, crossbar=_overrides(extra_define)
        )

    @staticmethod
    def _network(given: Union[str, Network], dataset: Any) -> Network:
        if isinstance(given, Network):
            return given
        name = dataset if isinstance(dataset, str) else "cifar10"
        ending = next((end for end in ("cifar100", "cifar10") if name.endswith(end)), None)
        if ending is None:
            raise NetworkError(
                f"{name!r} does not say how many classes there are",
                "dataset",
                "name a module that ends in cifar10 or cifar100, or give a pimnas.Network",
            )
        return Network.zoo(given, classes=_CLASSES[ending])

    # What the reference reads from the hardware description.

    @property
    def hardware_config(self) -> OrderedDict[str, int]:
        """What outputs on crossbars are computed with."""
        crossbar = self._interface.crossbar
        return OrderedDict(
            xbar_size=crossbar["rows"],
            weight_bit=crossbar["cell_bits"],
            input_bit=crossbar["dac_bits"],
            quantize_bit=crossbar["adc_bits"],
        )

    @property
    def xbar_row(self) -> int:
        """Word lines of a crossbar."""
        return self._interface.hardware.crossbar_size[0]

    @property
    def xbar_column(self) -> int:
        """Bit lines of a crossbar."""
        return self._interface.hardware.crossbar_size[1]

    @property
    def tile_row(self) -> int:
        """Rows of PEs in a tile."""
        return self._interface.hardware.pe_grid[0]

    @property
    def tile_column(self) -> int:
        """Columns of PEs in a tile."""
        return self._interface.hardware.pe_grid[1]

    # Accuracy on the data set.

    def _test_batches(self) -> Iterable[Any]:
        if self.test_loader is None:
            given = self.dataset_module
            if isinstance(given, str):
                given = importlib.import_module(given).get_dataloader()
            self.test_loader = given[1]
        return self.test_loader  # type: ignore[no-any-return]

    def _score(self, evaluate: Callable[[Any], Any]) -> float:
        right = total = 0
        for images, labels in self._test_batches():
            answers = evaluate(images).argmax(axis=1)
            known = labels.detach().cpu().numpy() if hasattr(labels, "detach") else labels
            right += int((answers == known).sum())
            total += len(answers)
        if total == 0:
            raise NetworkError("the data set has no images", "dataset", "give a data set with images")
        return right / total

    def origin_evaluate(self, method: str = "SINGLE_FIX_TEST", adc_action: str = "SCALE") -> float:
        """Share of right answers over all test images, 0 to 1."""
        arithmetic = _arithmetic(method, adc_action)
        return self._score(lambda images: self._interface.evaluate(images, arithmetic))

    def set_net_bits_evaluate(self, net_bit_weights: list[Any], adc_action: str = "SCALE") -> float:
        """Share of right answers with these values in the cells, as `get_net_bits` gives them."""
        arithmetic = _arithmetic("SINGLE_FIX_TEST", adc_action)
        cells = _structure.cells(self._interface, net_bit_weights)
        return self._score(self._interface.programmed(cells, arithmetic).evaluate)

    def get_net_bits(self) -> list[Optional[dict[str, Any]]]:
        """For each layer the digits of its weights in positive and negative cells, or None."""
        return _structure.net_bits(self._interface)

    def get_structure(self) -> list[Any]:
        """The layers with circuits and the arrays of their crossbars, tile by tile."""
        return _structure.structure(self._interface)

    # Figures of cost.

    def latency_evaluate(self, disable_inner_pipeline: bool = False) -> float:
        """Latency of one inference, ms."""
        return self._interface.latency_evaluate(bool(disable_inner_pipeline))

    def energy_evaluate(self, disable_inner_pipeline: bool = False) -> float:
        """Energy of one inference, mJ."""
        return self._interface.energy_evaluate(bool(disable_inner_pipeline))

    def area_evaluate(self) -> float:
        """Area, mm²."""
        return self._interface.area_evaluate()

    def power_evaluate(self) -> float:
        """Power, W."""
        return self._interface.power_evaluate()


class AWNASTrainTestInterface(TrainTestInterface):
    """A candidate of a super net on a hardware.

    ``cand_net`` is any object with ``get_mnsim_cfg(preserve_scale_flag)``, the list of its layers,
    and ``weights_manager._param_list``, one dictionary of tensors a layer. Both are read here, once:
    what the super net does later changes nothing. ``SimConfig_path`` is a path or a
    :class:`pimnas.Hardware`. Each figure is computed when it is first asked for; the order of calls
    does not matter, and several threads may ask.
    """

    def __init__(
        self,
        objective: Any,
        cand_net: Any,
        SimConfig_path: Any,
        extra_define: Optional[Mapping[str, Any]] = None,
        *,
        fidelity: str = "reference",
        **kwargs: Any,
    ) -> None:
        if kwargs:
            _unused(kwargs)
        self.objective = objective
        self.cand_net = cand_net
        self.SimConfig_path = SimConfig_path
        self.test_loader = None
        layers, scales, parameters = _read_candidate(cand_net)
        hardware = _hardware(SimConfig_path)
        crossbar = _overrides(extra_define)
        self._interface = Interface.of_candidate(
            layers, scales, parameters, hardware, fidelity=fidelity, crossbar=crossbar
        )

    def hardware_evaluate(self, inputs: Any) -> Any:
        """Outputs on crossbars of a batch, of the kind of the inputs."""
        return _like(self._interface.hardware_evaluate(inputs), inputs)

    def origin_evaluate(self, inputs: Any) -> Any:  # type: ignore[override]
        """Outputs in fixed point of a batch, of the kind of the inputs."""
        return _like(self._interface.origin_evaluate(inputs), inputs)


def _read_candidate(cand_net: Any) -> tuple[Any, Any, Any]:
    """Its layers, the layers with their scales if they are others, and their parameters."""
    read = getattr(cand_net, "get_mnsim_cfg", None)
    manager = getattr(cand_net, "weights_manager", None)
    parameters = getattr(manager, "_param_list", None)
    if not callable(read) or parameters is None:
        missing = "get_mnsim_cfg" if not callable(read) else "weights_manager._param_list"
        raise NetworkError(
            f"the candidate net (a {type(cand_net).__name__}) has no {missing}",
            "candidate-interface",
            "give an object with get_mnsim_cfg(preserve_scale_flag) and weights_manager._param_list",
        )
    layers = read()
    scales = read(preserve_scale_flag=True)
    return layers, None if scales is layers else scales, parameters


def modify_sim_config(
    simconfig_path: Union[str, os.PathLike[str]],
    output_dir: Union[str, os.PathLike[str]],
    decision_id_dict: Mapping[str, Any],
    rollout: Any,
) -> str:
    """Write the hardware point of a rollout as a SimConfig.ini of its own; returns its path.

    ``decision_id_dict`` says which of the rollout's decisions are ``xbar_size``, ``dac_choice``,
    ``adc_choice`` and ``cell_bit``. The file has the base's comments; its name follows from what is
    in it, so that no two candidates share one, and it appears at once or not at all.
    """
    # Not needed to import the package.
    import hashlib
    import tempfile

    point: dict[str, int] = {}
    for name in _DECISIONS:
        try:
            point[name] = int(rollout[decision_id_dict[name]])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SearchError(
                f"the rollout has no decision {name}: {type(error).__name__}: {error}",
                "rollout",
                f"give decision_id_dict the keys {', '.join(_DECISIONS)} and the rollout their ids",
            ) from error
        if point[name] < 0:
            raise SearchError(
                f"the decision {name} is {point[name]}", "rollout", "decide for a positive number"
            )
    try:
        text = Hardware.from_file(simconfig_path).with_point(**point).to_ini()
    except OverflowError as error:
        raise SearchError(
            f"a decision of {point} is out of range", "rollout", "choose a smaller number"
        ) from error
    directory = os.fspath(output_dir)
    os.makedirs(directory, exist_ok=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = os.path.join(directory, f"sim_config-{digest}.ini")
    if not os.path.exists(path):
        handle, temporary = tempfile.mkstemp(dir=directory, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    return path


# The modules that `install` provides, and the classes in them.
_ALIASES: dict[str, dict[str, Any]] = {
    "MNSIM.Interface.awnas_interface": {"AWNASTrainTestInterface": AWNASTrainTestInterface},
    "MNSIM.Interface.interface": {"TrainTestInterface": TrainTestInterface},
}
_replaced: dict[str, Optional[types.ModuleType]] = {}


def install() -> None:
    """Make ``from MNSIM.Interface.awnas_interface import AWNASTrainTestInterface`` give this class.

    Where the published package can be imported, only these two of its modules are replaced;
    otherwise the packages around them are made, too. Calling it again changes nothing.
    """
    if _replaced:
        return
    for package in ("MNSIM", "MNSIM.Interface"):
        try:
            importlib.import_module(package)
        except ImportError:
            module = types.ModuleType(package, "Made by pimnas.mnsim.install().")
            module.__path__ = []
            _put(package, module)
    for name, classes in _ALIASES.items():
        module = types.ModuleType(name, __doc__)
        module.__dict__.update(classes)
        _put(name, module)


def uninstall() -> None:
    """Undo :func:`install`."""
    for name, before in reversed(list(_replaced.items())):
        parent, _, child = name.rpartition(".")
        if before is None:
            sys.modules.pop(name, None)
            if parent in sys.modules and hasattr(sys.modules[parent], child):
                delattr(sys.modules[parent], child)
        else:
            sys.modules[name] = before
            setattr(sys.modules[parent], child, before)
    _replaced.clear()


def _put(name: str, module: types.ModuleType) -> None:
    _replaced[name] = sys.modules.get(name)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
