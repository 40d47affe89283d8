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
from espnet_plugin.pretrained.gap_urgenet_names import PARTS

#: A constant that the official vocoder stores among its weights.
WINDOW = "head.istft.window"
MODEL = "gap_urgenet"


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
    return _load_official(_paths(checkpoint))


def save_pack(path: str | Path, network: GapUrgenet) -> None:
    """Write one file of ours: all tensors under our names, with the network's arguments in the header."""
    from safetensors.torch import save_file

    header = {"model": MODEL, "options": json.dumps(network.options)}
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
    options = {}
    for name, (state, arguments, source) in files.items():
        _check_identity(name, state, source)
        try:
            options[name] = PARTS[name].options(arguments)
        except ValueError as error:
            raise UserError(f"{source}: its cfg cannot be used: {error}; get the file again") from error
    network = _empty_network(options, {name: source for name, (_, _, source) in files.items()})
    weights = {}
    for name, (state, _, source) in files.items():
        module, part, rest = getattr(network, name), PARTS[name], dict(state)
        if name == "vocoder":
            _check_window(rest.pop(WINDOW, None), module.transform, source)
        official = {own: part.official_name(own) for own in module.state_dict()}
        expected = {official[own]: tensor for own, tensor in module.state_dict().items()}
        loading.check_tensors(rest, expected, f"{source} does not fit its own cfg")
        weights |= {f"{name}.{own}": rest[theirs] for own, theirs in official.items()}
    return _filled(network, weights)


def _load_official(paths: Mapping[str, Path]) -> GapUrgenet:
    files = {}
    for name, path in paths.items():
        content = loading.read_torch_file(path, mapped=True)
        if not isinstance(content, dict):
            raise UserError(f"{path} holds a {type(content).__name__}, not a part of GAP-URGENet")
        state, arguments = content.get("generator", content.get("model")), content.get("cfg")
        if not isinstance(state, Mapping) or not isinstance(arguments, Mapping):
            raise UserError(f"{path} is no official file of GAP-URGENet: it has no 'model' or no 'cfg' entry")
        if odd := [key for key, value in state.items() if not isinstance(value, Tensor)]:
            raise UserError(f"{path} is no official file of GAP-URGENet: its '{odd[0]}' is no tensor")
        files[name] = state, arguments, str(path)
    return from_official(files)


def _load_pack(path: Path) -> GapUrgenet:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise UserError(f"the checkpoint {path} does not exist") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} cannot be read as safetensors: {loading.first_line(error)}") from error
    if header.get("model") != MODEL:
        found = header.get("model")
        raise UserError(f"{path} is no GAP-URGENet file of this project (its header names {found})")
    try:
        options = json.loads(header["options"])
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} does not say how the network is built; convert the official files again"
        ) from error
    network = _empty_network(options, dict.fromkeys(PARTS, str(path)))
    loading.check_tensors(state, network.state_dict(), f"{path} does not fit the network that it describes")
    return _filled(network, state)


def _load_espnet(path: Path) -> GapUrgenet:
    conf = loading.separator_options(loading.read_espnet_config(path), path, MODEL)
    network = _empty_network({name: conf.get(name) for name in PARTS}, dict.fromkeys(PARTS, str(path)))
    state = loading.network_state(loading.read_espnet_state(path), path)
    loading.check_tensors(state, network.state_dict(), f"{path} does not fit the network that it describes")
    return _filled(network, state)


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


def _empty_network(options: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]) -> GapUrgenet:
    """The network without memory for its weights and without random numbers."""
    try:
        # transformers fills one vector with random numbers even so: the caller's generator stays as it is.
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            network = GapUrgenet(**options)
    # What torch, transformers and ESPnet raise for sizes that do not go together.
    except (TypeError, ValueError, RuntimeError, AssertionError, ArithmeticError) as error:
        files = ", ".join(dict.fromkeys(sources.values()))
        raise UserError(
            f"{files}: no network can be built as described: {loading.first_line(error)}"
        ) from error
    sizes = network.options
    for name, before, fits in (
        ("adapter", "encoder", sizes["adapter"]["in_channels"] == sizes["encoder"]["channels"]),
        ("vocoder", "adapter", sizes["vocoder"]["in_channels"] == sizes["adapter"]["out_channels"]),
        ("postnet", "predictor", sizes["postnet"]["inputs"] == 2),
    ):
        if not fits:
            raise UserError(f"{sources[name]} does not belong to {sources[before]}: their sizes differ")
    return network


def _filled(network: GapUrgenet, weights: dict[str, Tensor]) -> GapUrgenet:
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    return network.requires_grad_(False).eval()


def _check_identity(name: str, state: Mapping[str, Tensor], source: str) -> None:
    """Say it plainly if files were swapped."""
    first = state.get("conv.0.weight")
    signs = {
        "encoder": "mask_emb" in state,
        "adapter": "proj.weight" in state,
        "vocoder": "head.out.weight" in state,
        "predictor": first is not None and first.shape[1:2] == (2,),
        "postnet": first is not None and first.shape[1:2] != (2,),
    }
    other = next((part for part, seen in signs.items() if seen), None)
    if other is not None and other != name:
        raise UserError(f"{source} holds the weights of {PARTS[other].file}.pt, not of {PARTS[name].file}.pt")


def _check_window(window: Tensor | None, samples: int, source: str) -> None:
    if window is None or window.shape != (samples,):
        raise UserError(f"{source}: {WINDOW} is missing or has not {samples} samples; get the file again")
    if not torch.allclose(window.float(), torch.hann_window(samples), atol=1e-6):
        raise UserError(f"{source}: {WINDOW} is no periodic Hann window, the only one supported")
