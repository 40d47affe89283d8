"""GAP-URGENet from its five official files or from one file of ours, and back.

An official file is `{"model": state dict, "cfg": arguments}`. The official loader takes four of the five
without a word about missing tensors; here everything has to fit.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from espnet_plugin.errors import UserError
from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.pretrained import load as loading
from espnet_plugin.pretrained.gap_part import (
    MODEL,
    WINDOW,
    built_empty,
    check_sizes,
    filled,
    join,
    of_official,
    read_official,
    read_pack,
)
from espnet_plugin.pretrained.gap_urgenet_names import PARTS


def load_network(checkpoint: str | Path | Mapping[str, str | Path]) -> GapUrgenet:
    """The network with the weights of a checkpoint, which stay in the file until they are used.

    Args:
        checkpoint: folder with the five official files, a dict of their paths (under the files' stems or
            our parts' names), our `.safetensors` file, a pack of ESPnet (`.zip`) or its folder, or a tag of
            the Hugging Face hub.

    Raises:
        UserError: in one line, which file is missing, damaged, of another part or at odds with itself.
    """
    if not isinstance(checkpoint, Mapping):
        path = Path(checkpoint).expanduser()
        if path.suffix == ".safetensors":
            return _load_pack(path)
        if path.suffix == ".zip" and path.is_file():
            return _load_espnet(path)
        if path.is_file():
            files = ", ".join(f"{part.file}.pt" for part in PARTS.values())
            raise UserError(
                f"{path} is one file; GAP-URGENet is loaded from the folder with its five files ({files}) "
                "or from a .safetensors file of ours"
            )
        folder = path if path.is_dir() else loading.download(str(checkpoint))
        if (folder / "config.yaml").is_file() or (folder / "meta.yaml").is_file():
            return _load_espnet(folder)
        checkpoint = {name: folder / f"{part.file}.pt" for name, part in PARTS.items()}
    return join({name: read_official(name, path) for name, path in _paths(checkpoint).items()})


def save_pack(path: str | Path, network: GapUrgenet, origin: str | None = None) -> None:
    """Write one file of ours: all tensors under our names, with the network's arguments in the header.

    Args:
        origin: whose weights these are, see `espnet_plugin.pretrained.origin`.
    """
    from safetensors.torch import save_file

    header = {"model": MODEL, "options": json.dumps(network.options)}
    header |= {"origin": origin} if origin else {}
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    loading.write_renamed(Path(path), lambda temporary: save_file(tensors, temporary, header))


def save_official(folder: str | Path, network: GapUrgenet) -> None:
    """Write the five files of the official layout into a folder."""
    for name, (state, arguments) in to_official(network).items():
        content = {"model": state, "cfg": arguments}
        path = Path(folder) / f"{PARTS[name].file}.pt"
        loading.write_renamed(path, lambda temporary, content=content: torch.save(content, temporary))


def to_official(network: GapUrgenet) -> dict[str, tuple[dict[str, Tensor], dict[str, Any]]]:
    """Part -> (state dict under the official names, official arguments)."""
    result = {}
    for name, part in PARTS.items():
        module = getattr(network, name)
        state = {part.official_name(own): tensor for own, tensor in module.state_dict().items()}
        if name == "vocoder":
            state[WINDOW] = torch.hann_window(module.transform)
        result[name] = state, part.arguments(network.options[name])
    return result


def from_official(files: Mapping[str, tuple[Mapping[str, Tensor], Mapping[str, Any], str]]) -> GapUrgenet:
    """The network of official contents.

    Args:
        files: part -> (state dict under the official names, official arguments, what to call it in errors).

    Raises:
        UserError: arguments or tensors that do not fit.
    """
    return join({name: of_official(name, *content) for name, content in files.items()})


def _load_pack(path: Path) -> GapUrgenet:
    return _whole(*read_pack(path), path)


def _load_espnet(path: Path) -> GapUrgenet:
    conf = loading.separator_options(loading.read_espnet_config(path), path, MODEL)
    options = {name: conf.get(name) for name in PARTS}
    return _whole(options, loading.network_state(loading.read_espnet_state(path), path), path)


def _whole(options: Mapping[str, Any], state: dict[str, Tensor], path: Path) -> GapUrgenet:
    network = built_empty(lambda: GapUrgenet(**options), str(path))
    check_sizes(network.options, dict.fromkeys(PARTS, str(path)))
    loading.check_tensors(state, network.state_dict(), f"{path} does not fit the network that it describes")
    return filled(network, state)


def _paths(checkpoint: Mapping[str, str | Path]) -> dict[str, Path]:
    """Part -> path, all of which exist, in the order of the signal."""
    names = {part.file: name for name, part in PARTS.items()} | {name: name for name in PARTS}
    if unknown := [key for key in checkpoint if key not in names]:
        known = ", ".join(part.file for part in PARTS.values())
        raise UserError(f"'{unknown[0]}' is no part of GAP-URGENet: choose {known}")
    given = {names[key]: Path(path).expanduser() for key, path in checkpoint.items()}
    for name, part in PARTS.items():
        if name not in given:
            raise UserError(f"the path of {part.file}.pt is not given; GAP-URGENet needs all five files")
        if not given[name].is_file():
            raise UserError(f"{given[name]} is missing; GAP-URGENet needs all five files")
    return {name: given[name] for name in PARTS}
