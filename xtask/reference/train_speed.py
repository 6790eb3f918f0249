"""Trains a layer list with PyTorch, one request a line: {"steps": n} gives {"seconds": t, "loss": x}.

The maps are in the channels-last format. Arguments: layer-list JSON, batch, threads.
"""

import json
import sys
import time

import torch
from torch import nn


class Net(nn.Module):
    """A network of a layer list."""

    def __init__(self, layers):
        super().__init__()
        self.inputs = [layer["input_index"] for layer in layers]
        self.kinds = [layer["type"] for layer in layers]
        self.layers = nn.ModuleList([make(layer) for layer in layers])

    def forward(self, x):
        """Every layer in turn."""
        seen = [x]
        for place, (inputs, kind, layer) in enumerate(zip(self.inputs, self.kinds, self.layers)):
            taken = [seen[place + 1 + index] for index in inputs]
            seen.append(taken[0] + taken[1] if kind == "element_sum" else layer(taken[0]))
        return seen[-1]


def make(layer):
    """The module of a layer."""
    kind = layer["type"]
    if kind in ("conv", "group_conv"):
        return nn.Conv2d(
            layer["in_channels"], layer["out_channels"], layer["kernel_size"],
            stride=layer["stride"], padding=layer["padding"],
            groups=layer.get("groups", 1), bias=False,
        )
    if kind == "fc":
        return nn.Linear(layer["in_features"], layer["out_features"], bias=False)
    if kind == "bn":
        return nn.BatchNorm2d(layer["features"])
    if kind == "relu":
        return nn.ReLU(inplace=False)
    if kind == "pooling":
        pool = nn.MaxPool2d if layer["mode"] == "MAX" else nn.AvgPool2d
        return pool(layer["kernel_size"], layer["stride"], layer["padding"])
    if kind == "AdaptiveAvgPool2d":
        return nn.AdaptiveAvgPool2d(layer["output_size"])
    if kind in ("flatten", "view"):
        return nn.Flatten()
    if kind in ("element_sum", "dropout"):
        return nn.Identity()
    raise ValueError(kind)


def main():
    """Answers requests until the input ends."""
    path, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    with open(path, encoding="utf-8") as file:
        description = json.load(file)
    net = Net(description["layers"]).to(memory_format=torch.channels_last).train()
    shape = description["input_shape"][1:]
    images = torch.randn(batch, *shape).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch) % 10
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    criterion = nn.CrossEntropyLoss()
    for line in sys.stdin:
        steps = json.loads(line)["steps"]
        begin = time.perf_counter()
        for _ in range(steps):
            optimiser.zero_grad(set_to_none=True)
            loss = criterion(net(images), labels)
            loss.backward()
            optimiser.step()
            value = loss.item()
        seconds = time.perf_counter() - begin
        print(json.dumps({"seconds": seconds, "loss": value}), flush=True)


if __name__ == "__main__":
    main()
