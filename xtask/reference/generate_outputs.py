"""Write fresh random cases of outputs: networks with weights, and candidates of a search.

A network's scales come from a few passes of the reference's own quantised training mode. The
summary goes to stdout: one JSON line a case. Exit codes: 0 done, 2 the arguments cannot be used.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import torch

import candidate
import inference
import reference_modules
from cases import Case, error_record, hardware_file, split_network
from random_tensors import random_candidate
from random_hardware import RESISTANCES
from random_network import ACTIVATION_BITS, WEIGHT_BITS, random_network
from reference_modules import BadInput, Reference, quiet
from safetensors_io import write_tensors

KINDS = ("inference", "mixed", "candidate")
# Multiplications of an image beyond which a network takes the reference too long.
MOST_PRODUCTS = 30_000_000
PASSES = 3


def random_crossbars(rng: random.Random) -> dict[str, dict[str, str]]:
    """What outputs depend on: cells, crossbars, converters."""
    levels, rows = rng.choice((2, 2, 4, 4, 8, 16)), rng.choice((64, 128, 256, 256))
    return {
        "Device level": {"Device_Level": str(levels), "Device_Resistance": RESISTANCES[levels]},
        "Crossbar level": {"Xbar_Size": f"{rows},{rows}"},
        "Interface level": {
            "DAC_Choice": str(rng.choice((1, 2, 3, 4))), "ADC_Choice": str(rng.choice((1, 2, 3, 4, 6)))
        },
        "Process element level": {"DAC_Num": str(rows // 4), "ADC_Num": str(max(rows // 32, 1))},
    }


def products(network: dict[str, Any]) -> int:
    """A bound on the multiplications of an image."""
    _, _, height, width = network["input_shape"]
    total = 0
    for layer in network["layers"]:
        if layer["type"] in ("conv", "group_conv"):
            inner = layer["in_channels"] // layer.get("groups", 1) * layer["kernel_size"] ** 2
            total += height * width * inner * layer["out_channels"]
    return total


def unify(net: Any) -> None:
    """One scale for all groups of a layer."""
    for layer in net.layer_list:
        groups = getattr(layer, "group_conv", [layer] if hasattr(layer, "layer_list") else [])
        for group in groups:
            for name in ("last_value", "bit_scale_list"):
                getattr(group, name).copy_(getattr(groups[0], name))
                getattr(layer, name).copy_(getattr(groups[0], name))


def turn_flags(net: Any, rng: random.Random) -> None:
    """For each layer at random which row and column its even kernels drop."""
    flags: dict[str, int] = {}
    for name, tensor in net.state_dict().items():
        if name.endswith("padding_flag"):
            # All parts and groups of a layer drop the same.
            layer = ".".join(name.split(".")[:2])
            tensor.fill_(flags.setdefault(layer, rng.randint(0, 1)))


def mix_bits(network: dict[str, Any], rng: random.Random) -> None:
    """A precision of its own for each layer."""
    for layer in network["layers"]:
        layer["weight_bit"] = rng.choice(WEIGHT_BITS)
        layer["activation_bit"] = rng.choice(ACTIVATION_BITS)


def mixed_case(reference: Reference, rng: random.Random, config: Path) -> tuple[Case, dict]:
    """As `inference_case`; each layer has its own precision and flag, and outputs in fixed point are kept."""
    return inference_case(reference, rng, config, mixed=True)


def inference_case(
    reference: Reference, rng: random.Random, config: Path, mixed: bool = False
) -> tuple[Case, dict]:
    """A random network that the reference can train, its outputs and its state."""
    while True:
        network = random_network(rng)
        if products(network) <= MOST_PRODUCTS:
            break
    if mixed:
        mix_bits(network, rng)
    case: Case = {"network": network, "config_overrides": random_crossbars(rng)}
    torch.manual_seed(rng.getrandbits(32))
    shape = [4, *network["input_shape"][1:]]
    norm = any(layer["type"] == "bn" for layer in network["layers"])
    with hardware_file(config, case["config_overrides"]) as path, quiet():
        settings = reference.utils.load_sim_config(path, None)[0]
        net = reference.network.NetworkGraph(settings, *split_network(network))
        net.train()
        if mixed:
            turn_flags(net, rng)
        # Groups compare their scales before each pass.
        for layer in net.layer_list:
            if hasattr(layer, "group_conv"):
                layer._check = lambda: None
        with torch.no_grad():
            for _ in range(PASSES):
                net(torch.rand(shape), "FIX_TRAIN", "SCALE")
        unify(net)
        images = torch.rand(shape)
        names = [name for name in inference.METHODS if mixed or name != "fixed"]
        state = {inference.PREFIX + name: tensor.clone() for name, tensor in net.state_dict().items()}
        made = inference.outputs(net.eval(), images, names)
    case["expected"] = {"batch_norm": norm, "outputs": names}
    return case, state | made | {"input": images}


def candidate_case(reference: Reference, rng: random.Random, config: Path) -> tuple[Case, dict]:
    """A random candidate with its numbers and outputs."""
    layers, tensors = random_candidate(rng)
    case: Case = {"mnsim_cfg": layers, "config_overrides": random_crossbars(rng)}
    with hardware_file(config, case["config_overrides"]) as path:
        case["expected"] = candidate.numbers(reference, case, tensors, path)
        made = candidate.output_tensors(reference, case, tensors, path)
    return case, tensors | made


def fill(reference: Reference, args: argparse.Namespace, index: int) -> dict[str, Any]:
    """Make one case and write its files; returns its line of the summary."""
    rng = random.Random(f"{args.kind}/{args.seed}/{index}")
    make = {"inference": inference_case, "mixed": mixed_case, "candidate": candidate_case}[args.kind]
    path = args.out / f"{args.kind}_{args.seed}_{index:03d}.json"
    begin = time.perf_counter()
    try:
        case, tensors = make(reference, rng, args.config)
    except Exception as error:  # noqa: BLE001 - a network that the reference cannot train is no case
        return {"case": None, **error_record(error)}
    tensors_path = path.with_suffix(".safetensors")
    case["expected"]["tensors"] = tensors_path.name
    write_tensors(tensors_path, tensors)
    path.write_text(json.dumps(case, separators=(",", ":")), encoding="utf-8")
    return {"case": path.name, "seconds": round(time.perf_counter() - begin, 3)}


def main(arguments: list[str]) -> int:
    """Write the cases; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, help="folder that holds MNSIM")
    parser.add_argument("--config", type=Path, required=True, help="base hardware file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the cases")
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--start", type=int, default=0, help="index of the first case")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    try:
        if not args.config.is_file():
            raise BadInput(f"{args.config} is not a file")
        reference = reference_modules.load(args.reference)
        args.out.mkdir(parents=True, exist_ok=True)
        for index in range(args.start, args.start + args.count):
            print(json.dumps(fill(reference, args, index)), flush=True)
    except (BadInput, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
