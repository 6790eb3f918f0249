import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Optional, Union, final

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "AccuracyReport",
    "Candidate",
    "Explanation",
    "Hardware",
    "Interface",
    "Network",
    "Programmed",
    "Rollout",
    "SimReport",
    "Space",
    "Study",
    "SuperNet",
    "SuperNetCandidate",
    "Sweep",
    "Trial",
    "__version__",
    "_accuracy",
    "_explain",
    "_simulate",
    "_sweep",
]

_Path = Union[str, os.PathLike[str]]
_Setting = Union[str, float, Sequence[float]]
_Network = Union[Network, _Path]
_Hardware = Union[Hardware, _Path, None]
_Floats = npt.NDArray[np.float32]
_Array = Any  # an array of NumPy, a tensor of PyTorch, or nested lists of numbers
_Arithmetic = Literal["float", "fixed", "crossbar", "crossbar-fix"]
_Fidelity = str  # "reference" or "corrected"
_Images = tuple[_Array, _Array]  # images, bytes or floats, and a class for each

__version__: str

@final
class Hardware:
    """A hardware description, and what it means. It does not change."""

    def __new__(cls, settings: Optional[dict[str, Any]] = None) -> Hardware:
        """The default description with settings such as ``{"Crossbar level/Xbar_Size": (128, 128)}``."""
    @staticmethod
    def from_file(path: _Path, settings: Optional[dict[str, Any]] = None) -> Hardware:
        """A SimConfig.ini or a TOML file, with settings over it."""
    @staticmethod
    def from_text(text: str, format: Literal["ini", "toml"] = "ini") -> Hardware:
        """The text of such a file."""
    def with_settings(self, settings: Optional[dict[str, Any]] = None) -> Hardware:
        """This description with settings over it."""
    def with_point(
        self, *, xbar_size: int, dac_choice: int, adc_choice: int, cell_bit: int
    ) -> Hardware:
        """This description with a hardware point of a search: crossbars of ``xbar_size``², a DAC for 4
        rows, an ADC for 32 columns, 2^``cell_bit`` levels a cell."""
    def get(self, key: str) -> Optional[str]:
        """The value of ``Section/Key`` as written."""
    def to_ini(self) -> str:
        """As a SimConfig.ini, comments included."""
    def to_toml(self) -> str:
        """As TOML."""
    @property
    def source(self) -> Optional[str]:
        """The file that it was read from."""
    @property
    def crossbar_size(self) -> tuple[int, int]:
        """Rows and columns of a crossbar."""
    @property
    def cell_bits(self) -> int:
        """Bits that a cell stores."""
    @property
    def pe_grid(self) -> tuple[int, int]:
        """Rows and columns of PEs in a tile."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Network:
    """A network, perhaps with its weights. It does not change."""

    @staticmethod
    def names() -> list[str]:
        """Names of the zoo."""
    @staticmethod
    def zoo(name: str, classes: int = 10, input_size: int = 32) -> Network:
        """A network of the zoo for square three-channel pictures."""
    @staticmethod
    def from_file(path: _Path) -> Network:
        """A layer list or a candidate (JSON), or an ONNX file with its weights."""
    @staticmethod
    def from_json(json: Union[str, bytes, dict[str, Any], list[Any]]) -> Network:
        """A layer list or a candidate: text, or what it says."""
    @staticmethod
    def from_onnx(file: Union[_Path, bytes]) -> Network:
        """An ONNX file: its path, or its bytes."""
    @staticmethod
    def from_torch(
        module: Any, input_shape: Sequence[int], *, name: Optional[str] = None
    ) -> Network:
        """A ``torch.nn.Module`` traced by torch.fx, factors of batch normalisation folded into the
        weights; ``input_shape`` is without the batch."""
    @staticmethod
    def _from_operations(
        name: str, input_shape: list[int], operations: list[dict[str, Any]], output: str
    ) -> Network: ...
    def with_weights(self, weights: Union[_Path, dict[str, _Array]]) -> Network:
        """With the weights of a file (safetensors, npz, PyTorch), or arrays ``<layer>.<name>``."""
    @property
    def name(self) -> str:
        """What it is called."""
    @property
    def input_shape(self) -> list[int]:
        """Channels, rows and columns, or features."""
    @property
    def output_shape(self) -> list[int]:
        """The same of its output."""
    @property
    def has_weights(self) -> bool:
        """Whether it has weights."""
    @property
    def notes(self) -> list[str]:
        """What a conversion expressed by other means or left out."""
    @property
    def layers(self) -> list[dict[str, Any]]:
        """Each layer as a layer list has it."""
    @property
    def shapes(self) -> list[tuple[list[int], list[int]]]:
        """Shapes of the (first) input and the output of each layer."""
    def to_json(self) -> str:
        """As a layer list."""
    def to_onnx(
        self,
        path: Optional[_Path] = None,
        *,
        numbers: Literal["auto", "floats", "quantised"] = "auto",
    ) -> bytes:
        """As an ONNX file with its weights, written to ``path`` where one is given. ``auto``: in
        fixed point where the network has scales, otherwise floats (docs/ONNX.md)."""
    def weights(self) -> dict[str, _Floats]:
        """Copies of the weights by name."""
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]
    def _repr_html_(self) -> str: ...
    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]: ...

@final
class Interface:
    """A candidate on a hardware. Each figure is computed when it is first asked for, and kept; answers
    do not depend on the order of calls, and several threads may ask."""

    def __new__(
        cls,
        network: Network,
        hardware: _Hardware = None,
        *,
        fidelity: _Fidelity = "reference",
        crossbar: Optional[dict[str, Optional[int]]] = None,
    ) -> Interface:
        """``crossbar`` may replace ``rows``, ``dac_bits`` and ``adc_bits`` in outputs on crossbars."""
    @staticmethod
    def of_candidate(
        layers: list[Any],
        scales: Optional[list[Any]],
        parameters: list[dict[str, _Array]],
        hardware: _Hardware,
        *,
        fidelity: _Fidelity = "reference",
        crossbar: Optional[dict[str, Optional[int]]] = None,
    ) -> Interface:
        """A candidate of a super net: its layer list, the same list with the scales of training where
        it is another, and the parameters of each layer."""
    def hardware_evaluate(self, inputs: _Array) -> _Floats:
        """Outputs on crossbars of a batch: items × the shape of one."""
    def origin_evaluate(self, inputs: _Array) -> _Floats:
        """Outputs in fixed point of a batch."""
    def evaluate(self, inputs: _Array, arithmetic: _Arithmetic) -> _Floats:
        """Outputs in an arithmetic of a batch."""
    def latency_evaluate(self, disable_inner_pipeline: bool = False) -> float:
        """Latency of one inference, ms."""
    def energy_evaluate(self, disable_inner_pipeline: bool = False) -> float:
        """Energy of one inference, mJ."""
    def area_evaluate(self) -> float:
        """Area, mm²."""
    def power_evaluate(self) -> float:
        """Power, W."""
    def cells(self) -> list[tuple[int, int, int, int, _Floats]]:
        """Layer, group, row split, digit of the weights (the lowest first) and signed digits, outputs ×
        rows, of each pair of arrays."""
    def programmed(self, values: Sequence[_Array], arithmetic: _Arithmetic) -> Programmed:
        """The candidate with other values in its cells, one array for each of :meth:`cells`."""
    @property
    def network(self) -> Network:
        """The network, without weights."""
    @property
    def hardware(self) -> Hardware:
        """The hardware."""
    @property
    def crossbar(self) -> dict[str, int]:
        """What outputs on crossbars are computed with: ``rows`` and bits of cells and converters."""

@final
class Programmed:
    """A candidate whose cells hold given values."""

    def evaluate(self, inputs: _Array) -> _Floats:
        """Outputs of a batch."""

@final
class SimReport:
    """Results of a simulation; ``print`` shows them by module and by layer."""

    @property
    def latency_ms(self) -> float:
        """Latency of one inference, ms."""
    @property
    def energy_mJ(self) -> float:
        """Energy of one inference, mJ."""
    @property
    def area_mm2(self) -> float:
        """Area, mm²."""
    @property
    def power_W(self) -> float:
        """Power, W."""
    @property
    def throughput_TOPS(self) -> float:
        """Operations a second, one inference at a time, 10^12."""
    @property
    def efficiency_TOPS_per_W(self) -> float:
        """The same for each watt."""
    @property
    def tiles(self) -> int:
        """Tiles used."""
    @property
    def layers(self) -> list[dict[str, Any]]:
        """Figures of each layer with circuits; keys have the units."""
    def to_dict(self) -> dict[str, Any]:
        """Everything, under the keys of the command's JSON."""
    def to_json(self) -> str:
        """The same as text."""
    def to_csv(self) -> str:
        """A line a layer, and the total."""
    def to_pandas(self) -> pd.DataFrame:
        """A row a layer."""
    def _repr_html_(self) -> str: ...

@final
class Explanation:
    """Why a network costs what it costs, in words; ``effects`` has what each knob would change."""

    @property
    def effects(self) -> list[dict[str, Any]]:
        """For each knob and value: ``knob``, ``settings`` and relative changes, or ``error``."""
    def to_pandas(self) -> pd.DataFrame:
        """The effects as rows."""
    def _repr_html_(self) -> str: ...

@final
class Sweep:
    """Figures of merit on hardware points."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For each point: ``network``, its settings, and the figures or ``error``."""
    def to_pandas(self) -> pd.DataFrame:
        """The rows."""
    def __len__(self) -> int: ...
    def _repr_html_(self) -> str: ...

@final
class AccuracyReport:
    """Accuracy stage by stage; ``print`` also shows the signal-to-noise ratio of each layer."""

    @property
    def accuracy(self) -> dict[str, float]:
        """Mean accuracy of each stage, 0 to 1."""
    @property
    def stages(self) -> list[dict[str, Any]]:
        """For each stage: draws, mean, deviation, worst, and 95 % intervals."""
    def to_dict(self) -> dict[str, Any]:
        """Everything, under the keys of the command's JSON."""
    def to_csv(self) -> str:
        """A line a stage."""
    def to_pandas(self) -> pd.DataFrame:
        """A row a stage."""
    def _repr_html_(self) -> str: ...

@final
class Space:
    """A search space."""

    def __new__(cls, name: Optional[str] = None) -> Space:
        """One that comes with the package, by name; without it the default."""
    @staticmethod
    def names() -> list[str]:
        """Names of those that come with the package."""
    @staticmethod
    def from_toml(text: str) -> Space:
        """One that is written in TOML."""
    @staticmethod
    def from_file(path: _Path) -> Space:
        """A file with such a text."""
    @property
    def name(self) -> str:
        """Its name."""
    @property
    def about(self) -> str:
        """What it is."""
    def to_toml(self) -> str:
        """Its text."""
    @property
    def decisions(self) -> list[dict[str, Any]]:
        """For each decision: ``path``, ``choices``, ``ordered``, ``when``."""
    def size(self) -> int:
        """Number of distinct rollouts, exactly."""
    def raw_size(self) -> int:
        """Number of assignments if all choices were free."""
    def sample(self, count: int = 1, *, seed: int = 0, distinct: bool = False) -> list[Rollout]:
        """Random rollouts; the i-th of a seed is the same whatever ``count`` is. With ``distinct``
        each rollout is as likely, otherwise each choice of each decision."""
    def rollout(self, decisions: Union[Rollout, str, dict[str, Any]]) -> Rollout:
        """The canonical rollout of decisions by path, or of a genotype."""
    def decode(
        self, rollout: Union[Rollout, str, dict[str, Any]], hardware: _Hardware = None
    ) -> Candidate:
        """The network and, over a base, the hardware of a rollout."""
    def _repr_html_(self) -> str: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Rollout:
    """An assignment of a space's decisions; ``rollout[path]`` is the value of an active one."""

    @staticmethod
    def from_json(text: str) -> Rollout:
        """What :meth:`to_json` wrote."""
    @property
    def genotype(self) -> dict[str, Any]:
        """Version, space and decisions."""
    @property
    def decisions(self) -> dict[str, Union[int, str]]:
        """Values of the active decisions by path."""
    @property
    def space(self) -> str:
        """Name of the space."""
    @property
    def hash(self) -> str:
        """32 hexadecimal digits, the same everywhere."""
    def to_json(self) -> str:
        """The genotype as compact text."""
    def __getitem__(self, path: str, /) -> Union[int, str]: ...
    def __contains__(self, path: str, /) -> bool: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Candidate:
    """A decoded rollout."""

    @property
    def network(self) -> Network:
        """Its network, without weights."""
    @property
    def hardware(self) -> Hardware:
        """Its hardware."""
    @property
    def rollout(self) -> Rollout:
        """The rollout."""
    @property
    def padding_flags(self) -> list[Optional[int]]:
        """For each layer that leaves out the first (0) or last (1) row and column, which."""

@final
class Trial:
    """A trial of a study: a rollout and, once it is told, its metrics. It does not change."""

    @staticmethod
    def from_json(text: str) -> Trial:
        """What :meth:`to_json` wrote."""
    @property
    def number(self) -> int:
        """Its number, counted from 0 in the order of proposal."""
    @property
    def rollout(self) -> Rollout:
        """What is to be evaluated."""
    @property
    def state(self) -> str:
        """``asked``, ``complete``, ``infeasible`` (a constraint is broken) or ``failed``; of searches by
        the command also ``dominated``, ``predicted`` and ``outclassed``, which ended early."""
    @property
    def metrics(self) -> dict[str, float]:
        """What was told, by name."""
    @property
    def reasons(self) -> list[str]:
        """Why it failed."""
    @property
    def violation(self) -> float:
        """By how much it breaks constraints, each as a share of its bound; 0 if it keeps them."""
    @property
    def origin(self) -> Literal["drawn", "given", "mutated", "crossed", "model"]:
        """How it was proposed."""
    @property
    def parents(self) -> list[int]:
        """Numbers of the trials that it was made from."""
    def to_json(self) -> str:
        """As text."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Study:
    """A search over a space: ask for trials, evaluate them, tell.

    What a study proposes follows from its arguments and from what it is told, not from how many
    trials are asked for at a time nor from the order in which they are told: the controller fills
    batches of ``batch`` trials and learns from whole ones.
    """

    def __new__(
        cls,
        space: Union[Space, str],
        objectives: Union[str, Iterable[str], Mapping[str, str]],
        controller: str = "nsga2",
        seed: Optional[int] = None,
        *,
        constraints: Union[str, Iterable[str], None] = None,
        metrics: Union[str, Iterable[str], None] = None,
        batch: Optional[int] = None,
        horizon: Optional[int] = None,
        reference: Union[Mapping[str, float], Sequence[float], None] = None,
        hardware: _Hardware = None,
        store: Optional[_Path] = None,
    ) -> Study:
        """``objectives`` are names, or directions (``minimise``, ``maximise``) by name: those of the
        metrics of ``pimnas search``, such as ``latency_ms`` and ``crossbar_accuracy``, and of
        ``accuracy`` are known.
        ``constraints`` are written ``area_mm2 <= 50``; ``metrics`` are recorded beside them.
        The seed is 0, a batch 16 trials; ``horizon``, 1000, is the length that controllers with a
        schedule plan for. ``reference`` is the point that the hypervolume is measured from (the worst
        of the first batch with a feasible trial), ``hardware`` the base of the candidates'. ``store``
        is a folder: what is told is in its ``run.sqlite`` when :meth:`tell` returns, and a study that
        was killed goes on by :meth:`open`."""
    @staticmethod
    def open(run: _Path, *, read_only: bool = False) -> Study:
        """A study in a folder, which goes on; with ``read_only`` while another process writes it.
        A run of ``pimnas search`` is read only, too."""
    def close(self) -> None:
        """Let the store go. Trials can still be looked at, but not asked for or told."""
    def __enter__(self) -> Study: ...
    def __exit__(self, *_raised: object) -> None: ...
    @property
    def store(self) -> Optional[Path]:
        """The folder that it is in."""
    def report(self, path: Optional[_Path] = None, *, members: Optional[int] = None) -> Path:
        """Write the page of the study, one offline HTML file (``report.html`` in its folder unless
        ``path`` says otherwise), with a section for each of 12 or ``members`` of the front."""
    def _ended(self, exhausted: bool) -> None: ...
    @staticmethod
    def controllers() -> list[str]:
        """Names of the controllers."""
    @staticmethod
    def from_json(text: str) -> Study:
        """The study that :meth:`to_json` wrote; it goes on as if nothing had happened."""
    def to_json(self) -> str:
        """Set-up, state and trials; what is read from it is in memory. Trials that are asked for but
        not told are given again."""
    def ask(self, count: Optional[int] = None) -> list[Trial]:
        """Up to ``count`` trials of the running batch (all that is left of it by default); none
        where the space has nothing new. Raises where the whole batch is asked for and not yet told."""
    def tell(
        self,
        trial: Union[Trial, Rollout, int],
        metrics: Optional[Mapping[str, Any]] = None,
        *,
        failed: Union[str, Sequence[str], BaseException, None] = None,
    ) -> None:
        """The metrics of a trial that was asked for, or why it cannot be evaluated."""
    def release(self, trial: Union[Trial, Rollout, int]) -> None:
        """Hand a trial back: the next :meth:`ask` gives it again."""
    def run(
        self,
        evaluate: Callable[[Candidate], Mapping[str, Any]],
        budget: int,
        *,
        seconds: Optional[float] = None,
        catch: Union[type[BaseException], tuple[type[BaseException], ...], None] = None,
        callback: Optional[Callable[[Study, Trial], object]] = None,
    ) -> Literal["evaluations", "wall_time", "exhausted"]:
        """Evaluate until ``budget`` trials are told in total, or for ``seconds``.

        Candidates that cannot be decoded, :class:`MappingError` and the classes in ``catch`` are
        failed trials. On any other exception, Ctrl-C included, the trial is handed back.
        """
    @property
    def pending(self) -> list[Trial]:
        """What is asked for and not told."""
    @property
    def told(self) -> int:
        """How many trials are told, those included that wait for one before them."""
    def trials(self) -> list[Trial]:
        """What is told, in order, up to the first trial that is not."""
    def front(self) -> list[Trial]:
        """Those of the trials that no other dominates."""
    def hypervolume(
        self, reference: Union[Mapping[str, float], Sequence[float], None] = None
    ) -> float:
        """What the front dominates, up to a reference point in the metrics' own units."""
    def decode(self, trial: Union[Trial, Rollout, str, dict[str, Any]]) -> Candidate:
        """The network and the hardware of a trial."""
    @property
    def space(self) -> Space:
        """The space."""
    @property
    def hardware(self) -> Hardware:
        """The base of the candidates' hardware."""
    @property
    def objectives(self) -> dict[str, Literal["minimise", "maximise"]]:
        """Directions by name."""
    @property
    def constraints(self) -> list[str]:
        """As given."""
    @property
    def metrics(self) -> list[str]:
        """Names of all metrics: objectives, bounded ones, recorded ones."""
    @property
    def controller(self) -> str:
        """Its name."""
    @property
    def seed(self) -> int:
        """The seed."""
    @property
    def batch(self) -> int:
        """Trials of a batch."""
    @property
    def horizon(self) -> int:
        """Trials that schedules are planned for."""
    def to_pandas(self) -> pd.DataFrame:
        """A row a trial: metrics and decisions."""
    def _repr_html_(self) -> str: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> Literal[True]: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class SuperNet:
    """A trained super net: one set of weights for all networks of a space.

    Candidates are calibrated on the images that it learns from and judged on images that were kept
    apart. All accuracies are percents. Several threads may ask; a copy in another process, by pickle,
    gives the same answers.
    """

    @staticmethod
    def open(
        folder: _Path,
        *,
        images: Optional[_Images] = None,
        validation: Union[int, _Images, None] = None,
    ) -> SuperNet:
        """The super net that :meth:`train`, ``pimnas supernet train`` or ``pimnas search`` wrote.

        ``images`` are those that it learnt from (the embedded sample of Fashion-MNIST): bytes become
        0 to 1, floats stay as they are. ``validation`` of them (1000), the last of each class, are
        those that candidates are judged on, as in ``pimnas search``; or it is other images. Where it
        learnt from other images than are left for it here, a warning says so: accuracies on what it
        has seen are too good.
        """
    @staticmethod
    def train(
        folder: _Path,
        settings: Optional[str] = None,
        *,
        space: Union[Space, str, None] = None,
        images: Optional[_Images] = None,
        validation: Union[int, _Images, None] = None,
        callback: Optional[Callable[[dict[str, Any]], object]] = None,
    ) -> SuperNet:
        """Train one on the images that are not kept apart, or go on with the training in the folder.

        ``settings`` are TOML, as ``pimnas supernet train --print-settings`` shows them. There is a
        checkpoint every 30 s, after each epoch and where Ctrl-C ends it. ``callback`` gets ``epoch``,
        ``epochs``, ``loss`` and ``accuracy`` after each epoch.
        """
    @staticmethod
    def _restored(
        checkpoint: bytes, texts: tuple[str, str], images: Any, validation: Any
    ) -> SuperNet: ...
    @staticmethod
    def metrics() -> list[str]:
        """Names of the accuracies, cheap ones first: in training's arithmetic, in fixed point, on
        crossbars, and mean and worst of several chips with cells as the hardware describes them."""
    def evaluate(
        self,
        rollout: Union[Candidate, Trial, Rollout, str, dict[str, Any]],
        metrics: Union[str, Iterable[str], None] = None,
        *,
        hardware: _Hardware = None,
        draws: int = 8,
        seed: int = 0,
        fidelity: _Fidelity = "reference",
    ) -> dict[str, float]:
        """Accuracies of a rollout by name, ``one_shot_accuracy`` by default, in percent. A candidate
        is on its hardware, what else is on that of its decisions over ``hardware``. ``draws`` chips
        follow from ``seed``."""
    def candidate(
        self,
        rollout: Union[Candidate, Trial, Rollout, str, dict[str, Any]],
        *,
        hardware: _Hardware = None,
    ) -> SuperNetCandidate:
        """The network of a rollout with calibrated weights and scales, and its hardware."""
    @property
    def space(self) -> Space:
        """The space."""
    @property
    def settings(self) -> str:
        """The settings of its training, TOML."""
    def __len__(self) -> int: ...
    def __bool__(self) -> Literal[True]: ...
    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]: ...

@final
class SuperNetCandidate:
    """A candidate of a super net. ``Interface(candidate.network, candidate.hardware)`` asks it; it is a
    ``cand_net`` for :class:`pimnas.mnsim.AWNASTrainTestInterface`, too."""

    @property
    def network(self) -> Network:
        """Its network with scales and quantised weights."""
    @property
    def hardware(self) -> Hardware:
        """Its hardware."""
    @property
    def rollout(self) -> Rollout:
        """The rollout."""
    def get_mnsim_cfg(self, preserve_scale_flag: bool = False) -> list[dict[str, Any]]:
        """The layers with their scales, as the published interface reads them."""
    @property
    def weights_manager(self) -> Any:
        """An object with ``_param_list``, a dictionary of arrays for each layer."""
    def save(self, folder: _Path) -> None:
        """Write ``network.json``, ``mnsim_cfg.json``, ``params.safetensors`` and ``SimConfig.ini``, which
        ``pimnas candidate`` reads."""

def _simulate(network: _Network, hardware: _Hardware, mode: dict[str, Any]) -> SimReport: ...
def _explain(network: _Network, hardware: _Hardware, mode: dict[str, Any]) -> Explanation: ...
def _sweep(
    networks: Sequence[_Network],
    hardware: _Hardware,
    axes: Optional[dict[str, list[Any]]],
    points: Optional[list[dict[str, Any]]],
    mode: dict[str, Any],
) -> Sweep: ...
def _accuracy(
    network: _Network,
    images: _Array,
    labels: list[int],
    hardware: _Hardware,
    arguments: dict[str, Any],
) -> AccuracyReport: ...
