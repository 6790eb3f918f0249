"""Modules of PyTorch as networks: traced by torch.fx, batch normalisation folded into the weights."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from pimnas._errors import NetworkError
from pimnas._native import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import torch
    from torch import fx

Operation = dict[str, Any]


def network(
    module: torch.nn.Module, input_shape: Iterable[int], name: Optional[str] = None
) -> Network:
    """The network of a module in evaluation mode for inputs of that shape (without the batch)."""
    import torch
    from torch import fx

    if not isinstance(module, torch.nn.Module):
        raise NetworkError(
            f"{module!r} is no module of PyTorch", "network-wrong-type", "give a torch.nn.Module"
        )
    shape = [int(size) for size in input_shape]
    if len(shape) not in (1, 3) or min(shape, default=0) < 1:
        raise NetworkError(
            f"the input shape is {shape}",
            "network-shape",
            "give channels, height and width, or features; the batch is left out",
        )
    was_training = module.training
    module.eval()
    try:
        graph = fx.symbolic_trace(module)
        _shapes(graph, shape)
    except NetworkError:
        raise
    except Exception as error:
        raise NetworkError(
            f"torch.fx cannot trace the module: {type(error).__name__}: {error}",
            "network-not-traced",
            "leave out branches that depend on values, or export the module to ONNX",
        ) from error
    finally:
        module.train(was_training)
    title = name or type(module).__name__
    operations, output = _Tracer(graph).operations()
    return Network._from_operations(title, shape, operations, output)


def _shapes(graph: fx.GraphModule, shape: Sequence[int]) -> None:
    """Note the shape of every value."""
    import torch
    from torch.fx.passes.shape_prop import ShapeProp

    first = next(graph.parameters(), None)
    dtype = first.dtype if first is not None and first.is_floating_point() else torch.float32
    device = first.device if first is not None else torch.device("cpu")
    with torch.no_grad():
        ShapeProp(graph).propagate(torch.zeros(1, *shape, dtype=dtype, device=device))


class _Tracer:
    """From the nodes of a traced module to operations."""

    def __init__(self, graph: fx.GraphModule) -> None:
        self.graph = graph
        self.modules = dict(graph.named_modules())
        self.problems: list[str] = []
        self.list: list[Operation] = []

    def operations(self) -> tuple[list[Operation], str]:
        """The operations and the name of the output."""
        output = ""
        for node in self.graph.graph.nodes:
            if node.op == "placeholder":
                if output:
                    self._refuse(node, "is a second input")
                output = "input"
                node.name = "input"
            elif node.op == "output":
                (value,) = node.args
                if not hasattr(value, "name"):
                    self._refuse(node, "gives more than one tensor")
                else:
                    output = value.name
            elif node.op != "get_attr" and "tensor_meta" in node.meta:
                # Sizes and other numbers are part of the shapes that are known already.
                self._node(node)
        if self.problems:
            raise NetworkError(
                "the module has parts that layers cannot express:\n"
                + "\n".join(f"- {problem}" for problem in self.problems),
                "network-not-layers",
                "replace these parts, or use the layers that docs/PYTHON.md lists",
            )
        return self.list, output

    def _refuse(self, node: fx.Node, why: str) -> None:
        self.problems.append(f"{node.name}: {why}")

    def _add(
        self,
        node: fx.Node,
        kind: str,
        *,
        constants: Optional[dict[str, torch.Tensor]] = None,
        inputs: Optional[list[Any]] = None,
        **numbers: Any,
    ) -> None:
        """An operation of the node's first argument (or `inputs`) and of constants."""
        constants = constants or {}
        read = [value.name for value in (inputs if inputs is not None else [node.args[0]])]
        listed = {
            key: [float(item) for item in (value if isinstance(value, (list, tuple)) else [value])]
            for key, value in numbers.items()
            if value is not None
        }
        self.list.append(
            {
                "kind": kind,
                "label": f"{kind} {node.name}",
                "inputs": read + [f"{node.name}.{key}" for key in constants],
                "output": node.name,
                "constants": {f"{node.name}.{key}": value for key, value in constants.items()},
                "numbers": listed,
            }
        )

    def _node(self, node: fx.Node) -> None:
        import torch

        if node.op == "call_module":
            module = self.modules[str(node.target)]
            for kinds, add in _modules().items():
                if isinstance(module, kinds):
                    add(self, node, module)
                    return
            self._refuse(node, f"{type(module).__name__} is not known")
            return
        target = node.target if node.op == "call_function" else str(node.target)
        if target in (torch.flatten, "flatten"):
            self._flatten(node)
        elif target in (torch.relu, torch.nn.functional.relu, "relu", "relu_"):
            self._add(node, "relu")
        elif target in (operator.add, operator.iadd, torch.add, "add", "add_"):
            self._binary(node, "add")
        elif target in (operator.sub, torch.sub, "sub"):
            self._binary(node, "sub")
        elif target in (operator.mul, torch.mul, "mul"):
            self._binary(node, "mul")
        elif target in ("view", "reshape", torch.reshape):
            self._reshape(node)
        elif target in (torch.nn.functional.hardtanh, torch.clamp, "clamp"):
            low, high = self._bounds(node, target is torch.nn.functional.hardtanh)
            self._add(node, "clip", low=low, high=high)
        elif target is torch.nn.functional.relu6:
            self._add(node, "clip", low=0.0, high=6.0)
        elif target in (torch.nn.functional.dropout, "contiguous"):
            self._add(node, "identity")
        elif target in (torch.nn.functional.max_pool2d, torch.max_pool2d):
            self._pool(node, "max_pool", _arguments(node, "kernel_size", "stride", "padding"))
        elif target is torch.nn.functional.avg_pool2d:
            self._pool(node, "mean_pool", _arguments(node, "kernel_size", "stride", "padding"))
        elif target in (torch.nn.functional.adaptive_avg_pool2d,):
            self._adaptive(node, _arguments(node, "output_size")["output_size"])
        elif target in (torch.mean, "mean"):
            self._mean(node)
        elif target in (torch.softmax, torch.nn.functional.softmax, "softmax"):
            self._add(node, "softmax")
        else:
            shown = getattr(target, "__name__", target)
            self._refuse(node, f"{shown} is not known")

    # What several kinds of nodes share.

    def _shape(self, node: Any) -> list[int]:
        return list(node.meta["tensor_meta"].shape)

    def _bounds(self, node: fx.Node, hard: bool) -> tuple[Optional[float], Optional[float]]:
        names = ("min_val", "max_val") if hard else ("min", "max")
        found = _arguments(node, *names)
        default = (-1.0, 1.0) if hard else (None, None)
        low, high = (found[name] for name in names)
        return (default[0] if low is None else low, default[1] if high is None else high)

    def _binary(self, node: fx.Node, kind: str) -> None:
        if not all(hasattr(value, "name") for value in node.args[:2]):
            self._refuse(node, f"{kind} of a number is not known")
        elif node.kwargs.get("alpha", 1) != 1:
            self._refuse(node, f"{kind} with a factor is not known")
        else:
            self._add(node, kind, inputs=list(node.args[:2]))

    def _flatten(self, node: fx.Node) -> None:
        if self._shape(node) == [1, math.prod(self._shape(node.args[0]))]:
            self._add(node, "flatten")
        else:
            self._refuse(node, "flattens other dimensions than all behind the batch")

    def _reshape(self, node: fx.Node) -> None:
        if self._shape(node) == self._shape(node.args[0]):
            self._add(node, "identity")
        elif len(self._shape(node)) == 2 and self._shape(node)[0] == 1:
            self._add(node, "flatten")
        else:
            self._refuse(node, f"reshapes to {self._shape(node)}")

    def _pool(self, node: fx.Node, kind: str, found: dict[str, Any]) -> None:
        kernel = _pair(found["kernel_size"])
        stride = found["stride"] if found["stride"] not in (None, [], ()) else kernel
        padding = _pair(found["padding"] or 0)
        self._add(
            node,
            kind,
            kernel=kernel,
            stride=_pair(stride),
            padding=padding * 2,
            dilation=_pair(found.get("dilation") or 1),
            ceil=float(bool(found.get("ceil_mode"))),
            padded=float(found.get("count_include_pad") is not False),
        )

    def _adaptive(self, node: fx.Node, size: Any) -> None:
        rows, columns = self._shape(node.args[0])[2:]
        wanted = [own if new is None else int(new) for own, new in zip((rows, columns), _pair(size))]
        if wanted == [1, 1]:
            self._add(node, "global_mean")
        elif rows % wanted[0] or columns % wanted[1]:
            self._refuse(node, f"takes windows of different sizes from {rows}×{columns}")
        else:
            kernel = (rows // wanted[0], columns // wanted[1])
            self._add(node, "mean_pool", kernel=kernel, stride=kernel, padding=(0, 0, 0, 0))

    def _mean(self, node: fx.Node) -> None:
        found = _arguments(node, "dim", "keepdim")
        dims = found["dim"] if isinstance(found["dim"], (list, tuple)) else [found["dim"]]
        if len(self._shape(node.args[0])) != 4 or {int(dim) % 4 for dim in dims} != {2, 3}:
            self._refuse(node, "takes a mean of other dimensions than rows and columns")
            return
        if found["keepdim"]:
            self._add(node, "global_mean")
            return
        self._add(node, "global_mean")
        operation = self.list[-1]
        operation["output"] = f"{node.name}.map"
        flat = dict(operation, kind="flatten", label=f"flatten {node.name}", constants={}, numbers={})
        flat.update(inputs=[operation["output"]], output=node.name)
        self.list.append(flat)

    # Modules.

    def _convolution(self, node: fx.Node, module: torch.nn.Conv2d) -> None:
        if module.padding_mode != "zeros":
            self._refuse(node, f"padding by {module.padding_mode} is not known")
            return
        if module.padding == "same":
            sides = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size)]
            before = [side // 2 for side in sides]
            padding = before + [side - half for side, half in zip(sides, before)]
        else:
            given = (0, 0) if module.padding == "valid" else module.padding
            padding = [int(side) for side in given] * 2
        constants = {"weight": module.weight}
        if module.bias is not None:
            constants["bias"] = module.bias
        self._add(
            node,
            "conv",
            constants=constants,
            stride=module.stride,
            dilation=module.dilation,
            padding=padding,
            groups=module.groups,
        )

    def _linear(self, node: fx.Node, module: torch.nn.Linear) -> None:
        constants = {"weight": module.weight}
        if module.bias is not None:
            constants["bias"] = module.bias
        self._add(node, "linear", constants=constants)

    def _norm(self, node: fx.Node, module: Any) -> None:
        import torch

        if module.running_mean is None:
            self._refuse(node, "normalises by the batch; it has no running mean")
            return
        features = torch.ones(module.num_features)
        weight = module.weight if module.weight is not None else features
        bias = module.bias if module.bias is not None else torch.zeros(module.num_features)
        constants = {
            "weight": weight,
            "bias": bias,
            "mean": module.running_mean,
            "variance": module.running_var,
        }
        self._add(node, "batch_norm", constants=constants, epsilon=module.eps)


def _pair(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def _arguments(node: fx.Node, *names: str) -> dict[str, Any]:
    """Arguments behind the first, by position or by name."""
    found: dict[str, Any] = dict.fromkeys(names)
    found.update(zip(names, node.args[1:]))
    found.update(node.kwargs)
    return found


def _modules() -> dict[Union[type, tuple[type, ...]], Callable[[_Tracer, Any, Any], None]]:
    """What becomes of each kind of module."""
    from torch import nn

    def plain(kind: str) -> Callable[[_Tracer, Any, Any], None]:
        return lambda tracer, node, _module: tracer._add(node, kind)

    def pool(kind: str) -> Callable[[_Tracer, Any, Any], None]:
        return lambda tracer, node, module: tracer._pool(node, kind, vars(module))

    def flatten(tracer: _Tracer, node: Any, _module: Any) -> None:
        tracer._flatten(node)

    def clip(tracer: _Tracer, node: Any, module: Any) -> None:
        tracer._add(node, "clip", low=module.min_val, high=module.max_val)

    def adaptive(tracer: _Tracer, node: Any, module: Any) -> None:
        tracer._adaptive(node, module.output_size)

    return {
        nn.Conv2d: _Tracer._convolution,
        nn.Linear: _Tracer._linear,
        (nn.BatchNorm1d, nn.BatchNorm2d): _Tracer._norm,
        nn.ReLU: plain("relu"),
        # ReLU6 is a Hardtanh, too.
        nn.Hardtanh: clip,
        nn.MaxPool2d: pool("max_pool"),
        nn.AvgPool2d: pool("mean_pool"),
        nn.AdaptiveAvgPool2d: adaptive,
        nn.Flatten: flatten,
        (nn.Identity, nn.Dropout, nn.Dropout2d): plain("identity"),
        nn.Softmax: plain("softmax"),
    }
