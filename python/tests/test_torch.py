"""Modules of PyTorch as networks."""

from __future__ import annotations

import numpy as np
import pytest

import pimnas

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.torch


class Block(nn.Module):
    """A residual block with batch normalisation, biases and a shortcut."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, "same")
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(channels, outputs, 1, stride)

    def forward(self, x):
        y = torch.relu(self.norm1(self.first(x)))
        return nn.functional.relu(self.norm2(self.second(y)) + self.shortcut(x))


class Net(nn.Module):
    """Blocks, pools and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Block(3, 8, 1), nn.MaxPool2d(2), Block(8, 12, 2), nn.AvgPool2d(2), nn.Hardtanh()
        )
        self.groups = nn.Conv2d(12, 12, 3, padding=1, groups=3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = self.pool(self.groups(self.body(x)))
        return self.head(self.dropout(x.view(x.size(0), -1)))


class Mean(nn.Module):
    """A mean over rows and columns, and a flattened map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 2)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.conv(x).clamp(0, 1).mean([2, 3]))


def settled(module: nn.Module) -> nn.Module:
    """With statistics that are not those of a new module."""
    torch.manual_seed(3)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.normal_()
    return module.eval()


MODULES = {
    "residual": (Net, (3, 32, 32)),
    "mean": (Mean, (2, 8, 8)),
    "vectors": (lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2)), (5,)),
    "flat": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(72, 4)),
        (1, 8, 8),
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_outputs_are_those_of_the_module(name: str) -> None:
    make, shape = MODULES[name]
    module = settled(make())
    network = pimnas.Network.from_torch(module, shape)
    inputs = torch.randn(4, *shape)
    outputs = pimnas.Interface(network).evaluate(inputs, "float")
    expected = module(inputs).detach().numpy()
    assert np.abs(outputs - expected).max() <= 1e-5 * np.abs(expected).max()
    assert pimnas.simulate(network).latency_ms > 0


def test_factors_of_batch_normalisation_are_in_the_weights() -> None:
    module = settled(nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)))
    network = pimnas.Network.from_torch(module, (3, 8, 8))
    norm = module[1]
    factors = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
    expected = module[0].weight.detach().numpy() * factors[:, None, None, None]
    assert np.allclose(network.weights()["0.weight"], expected, rtol=1e-5)


def test_the_module_is_left_as_it_is() -> None:
    module = Net().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    pimnas.Network.from_torch(module, (3, 32, 32))
    assert module.training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


class Branching(nn.Module):
    """Depends on values."""

    def forward(self, x):
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("module", "shape", "part"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU()), (3, 8, 8), "GELU"),
        (nn.LSTM(3, 4), (3,), ""),
        (Branching(), (3,), "cannot trace"),
        (nn.Conv2d(3, 4, 3), (8, 8), "input shape"),
        (nn.Conv2d(3, 4, 3), (5, 8, 8), "cannot trace"),
        ("a module", (3, 8, 8), "no module"),
    ],
    ids=["unknown", "recurrent", "branching", "shape", "channels", "text"],
)
def test_what_layers_cannot_express_is_said(module, shape, part: str) -> None:
    with pytest.raises(pimnas.NetworkError) as raised:
        pimnas.Network.from_torch(module, shape)
    assert raised.value.hint and part in str(raised.value)
