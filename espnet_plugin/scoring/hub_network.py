"""Networks of the library transformers from a folder as the Hugging Face hub has it."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import nn

from espnet_plugin.pretrained.load import check_tensors, read_torch_file

# Files from before torch's parametrizations name the two parts of a normalised weight like this.
_OLD_NAME = re.compile(r"\.weight_([gv])$")


def load_hub_network(network_class: type, folder: Path, file: str, **config) -> nn.Module:
    """Build the network that `config.json` describes and fill it.

    `from_pretrained` leaves a tensor that is missing at random values and only prints a warning; here each
    tensor of the network has to be in the file. What else the file holds, layers beyond those asked for and
    vectors for training, is left.

    Args:
        network_class: of transformers; it knows the class of its configuration.
        folder: holds `config.json` and the file.
        file: name of the weights, `.safetensors` or a torch file of plain tensors.
        **config: settings that replace those of `config.json`.

    Returns:
        the network in float32 on the CPU, ready for inference.

    Raises:
        UserError: the file is damaged, holds more than tensors, or does not fit `config.json`.
    """
    configuration = network_class.config_class.from_json_file(str(folder / "config.json"))
    # A mask for training, whose random vector would be one tensor more.
    configuration.update({"mask_time_prob": 0.0, "mask_feature_prob": 0.0, **config})
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        network = network_class(configuration)
    path = folder / file
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = read_torch_file(path, mapped=True)
    state = {_new_name(name): tensor for name, tensor in state.items()}
    needed = network.state_dict()
    state = {name: tensor.float() for name, tensor in state.items() if name in needed}
    check_tensors(state, needed, f"{path} does not fit its config.json")
    network.load_state_dict(state, assign=True)
    return network.requires_grad_(False).eval()


def _new_name(name: str) -> str:
    return _OLD_NAME.sub(lambda match: f".parametrizations.weight.original{'gv'.index(match[1])}", name)
