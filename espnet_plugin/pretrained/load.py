"""From a checkpoint in any of the known formats to a model that enhances."""

from __future__ import annotations

import inspect
import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.pretrained import semamba_pp

MODELS = ("semamba_pp", "gap_urgenet", "espnet")
# The authors' file of SEMamba++.
OFFICIAL_FILE = "semambapp.pth"
# In an ESPnet model the network sits inside the separator.
ESPNET_PREFIX = "separator.network."
# Arguments of an enhancer that are no options.
_OWN_ARGUMENTS = ("network", "rate_hz", "device", "dtype")


@dataclass
class Checkpoint:
    """Weights and what the network must be built with.

    Attributes:
        source: where it came from, for messages.
        options: arguments of the network's class.
        state: state dict under our names.
    """

    source: str
    options: dict[str, Any]
    state: dict[str, Tensor]


def load(
    name: str,
    checkpoint: str | Path | Mapping[str, str | Path],
    device: str = "auto",
    dtype: str = "float32",
    **options,
):
    """Load a model; see `espnet_plugin.load`.

    Args:
        options: of `Enhancer`; for semamba_pp `wiring`, `scan` of `SEMambaPP` too; for gap_urgenet those of
            `GapUrgenetEnhancer`.
    """
    from espnet_plugin.enhance.enhancer import Enhancer
    from espnet_plugin.enhance.semamba_pp_enhancer import SEMambaPPEnhancer
    from espnet_plugin.semamba_pp.network import SEMambaPP

    if name not in MODELS:
        raise UserError(f"unknown model '{name}': choose {', '.join(MODELS)}")
    if name == "gap_urgenet":
        return _load_gap_urgenet(checkpoint, device, dtype, options)
    of_network = ("wiring", "scan") if name == "semamba_pp" else ()
    known = (*of_network, *_options_of(Enhancer))
    unknown = set(options) - set(known)
    if unknown:
        raise UserError(f"unknown option '{sorted(unknown)[0]}': known are {', '.join(known)}")
    if name == "espnet":
        from espnet_plugin.espnet_modules.stock_enhancer import load_stock

        return load_stock(checkpoint, device, dtype, **options)
    network_options = {key: options.pop(key) for key in of_network if key in options}
    found = read_checkpoint(checkpoint)
    try:
        network = SEMambaPP(**{**found.options, **network_options})
    except (TypeError, ValueError) as error:
        raise UserError(f"{found.source} describes a network that cannot be built: {error}") from error
    load_strictly(network, found.state, found.source)
    return SEMambaPPEnhancer(network, device, dtype, **options)


def _load_gap_urgenet(checkpoint, device: str, dtype: str, options: dict[str, Any]):
    try:
        from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer
        from espnet_plugin.pretrained.gap_urgenet import load_network
    except ModuleNotFoundError as error:
        raise missing_module(error.name or "transformers", "GAP-URGENet") from error
    check_keys(options, _options_of(GapUrgenetEnhancer), "options of gap_urgenet")
    return GapUrgenetEnhancer(load_network(checkpoint), device, dtype, **options)


def _options_of(enhancer: type) -> list[str]:
    return [key for key in inspect.signature(enhancer).parameters if key not in _OWN_ARGUMENTS]


def read_checkpoint(checkpoint: str | Path) -> Checkpoint:
    """Read the official file, one of ours, an experiment folder, a pack or a hub tag.

    Raises:
        UserError: missing, unreadable, or the checkpoint of another model.
    """
    path = Path(checkpoint).expanduser()
    if not path.exists():
        path = download(str(checkpoint))
    if (path / OFFICIAL_FILE).is_file():
        path /= OFFICIAL_FILE  # of the authors' repository on the hub
    if path.is_dir() or path.suffix == ".zip":
        options = separator_options(read_espnet_config(path), path, "semamba_pp")  # tells of other models
        return Checkpoint(str(path), options, network_state(read_espnet_state(path), path))
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    state = read_torch_file(path)
    if not isinstance(state, dict):
        raise UserError(f"{path} holds a {type(state).__name__}, not the weights of SEMamba++")
    if isinstance(state.get("generator"), dict):
        from espnet_plugin.semamba_pp.network import SEMambaPP

        # Names only. The device "meta", which needs no random numbers, imports a second's worth of modules.
        with torch.random.fork_rng(devices=[]):
            names = list(SEMambaPP().state_dict())
        return Checkpoint(str(path), {}, semamba_pp.from_official(state["generator"], names))
    if (path.parent / "config.yaml").is_file():
        options = separator_options(_read_yaml(path.parent / "config.yaml"), path, "semamba_pp")
        return Checkpoint(str(path), options, network_state(state, path))
    raise UserError(
        f"{path} is no SEMamba++ checkpoint: it has neither a 'generator' entry (official file) nor a "
        "config.yaml beside it (file of this project)"
    )


def read_torch_file(path: Path, mapped: bool = False):
    """Read a torch file without running code from it.

    Args:
        mapped: leave the tensors in the file until they are used.

    Raises:
        UserError: damaged, no torch file, or one that holds more than tensors and plain values.
    """
    try:
        # Only the zip format, the usual one, can be mapped.
        mapped = mapped and zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is not a plain checkpoint of tensors and was refused: {first_line(error)}"
        ) from error
    except (EOFError, KeyError, IndexError, AttributeError) as error:  # whose texts tell a user nothing
        raise UserError(f"{path} is damaged or no checkpoint at all; get the file again") from error
    except (RuntimeError, OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a checkpoint: {first_line(error)}") from error


def load_strictly(network: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load a state dict, or say which tensors are missing, unknown or of another shape.

    Raises:
        UserError: anything does not fit; the network is then unchanged.
    """
    check_tensors(state, network.state_dict(), f"{source} does not fit the model")
    network.load_state_dict(state)


def check_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], what: str) -> None:
    """Say which tensors are missing, unknown or of another shape.

    Args:
        found, expected: name -> tensor; only the shapes are compared.
        what: beginning of the error's text.

    Raises:
        UserError: anything does not fit.
    """
    problems = []
    for label, names in (
        ("missing", [name for name in expected if name not in found]),
        ("unknown", [name for name in found if name not in expected]),
        ("of another shape", [n for n in expected if n in found and expected[n].shape != found[n].shape]),
    ):
        if names:
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            problems.append(f"{len(names)} tensors {label} ({shown})")
    if problems:
        raise UserError(f"{what}: {'; '.join(problems)}")


def save_safetensors(
    path: str | Path, network_options: dict[str, Any], state: dict[str, Tensor], origin: str | None = None
) -> None:
    """Write a file of our own: tensors under our names, with the network's arguments in the header.

    Args:
        origin: whose weights these are, see `espnet_plugin.pretrained.origin`.
    """
    from safetensors.torch import save_file

    header = {"model": "semamba_pp", "options": json.dumps(network_options)}
    header |= {"origin": origin} if origin else {}
    # Copies, as one tensor may have several names, which the format does not allow.
    tensors = {name: tensor.contiguous().clone() for name, tensor in state.items()}
    write_renamed(Path(path), lambda temporary: save_file(tensors, temporary, header))


def save_official(path: str | Path, state: dict[str, Tensor]) -> None:
    """Write the official layout, `{"generator": state dict}` under the official keys."""
    official = {"generator": semamba_pp.to_official(state)}
    write_renamed(Path(path), lambda temporary: torch.save(official, temporary))


def write_renamed(path: Path, write) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read_safetensors(path: Path) -> Checkpoint:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise UserError(f"{path} cannot be read as safetensors: {first_line(error)}") from error
    if header.get("model") != "semamba_pp":
        raise UserError(f"{path} is no SEMamba++ file of this project (its header names {header.get('model')})")
    return Checkpoint(str(path), json.loads(header["options"]), state)


def download(tag: str) -> Path:
    """The local folder of a hub repository."""
    if tag.count("/") != 1 or tag.startswith((".", "/", "~")) or tag.endswith("/"):
        raise UserError(f"the checkpoint {tag} does not exist")
    from huggingface_hub import snapshot_download

    name, _, revision = tag.partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None))
    except Exception as error:  # the hub client raises many kinds, all meaning "cannot be had"
        raise UserError(
            f"there is no file {tag}, and the hub repository of that name cannot be fetched: {first_line(error)}"
        ) from error


def read_espnet_config(path: Path) -> Any:
    """The configuration of an experiment folder, an unpacked model with its meta.yaml, or a pack (.zip).

    Raises:
        UserError: a file is missing, damaged, or outside of its folder.
    """
    if path.is_dir():
        return _read_yaml(_config_and_model(path)[0])
    return _from_pack(path, "yaml_files", "train_config", yaml.safe_load)


def read_espnet_state(path: Path) -> dict[str, Tensor]:
    """The tensors that belong to ``read_espnet_config``; raises as it does."""
    if path.is_dir():
        return read_torch_file(_config_and_model(path)[1])
    # In memory: torch jumps back and forth, for which an archive would be read from its start each time.
    return _from_pack(
        *(path, "files", "model_file"),
        lambda content: torch.load(io.BytesIO(content), map_location="cpu", weights_only=True),
    )


def separator_options(config: Any, source: Path, model: str) -> dict[str, Any]:
    """The arguments of the separator in a configuration of ESPnet.

    Raises:
        UserError: it describes another model.
    """
    found = config.get("separator") if isinstance(config, dict) else None
    if found is not None and config.get("part"):
        raise UserError(
            f"{source} is GAP-URGENet's training '{config['part']}' alone; name the folder above it, which "
            "holds all five networks, or join them by urgent26 convert --parts"
        )
    if found != model:
        other = found if found in MODELS else "espnet"
        raise UserError(
            f"{source} describes another model (separator: {found}), not {model}; choose the model '{other}' "
            f"(conf/enhance/{other}.yaml)"
        )
    options = dict(config.get("separator_conf") or {})
    options.pop("num_spk", None)  # ESPnet's word; there is one speaker
    return options


def network_state(state: dict[str, Tensor], source: Path) -> dict[str, Tensor]:
    """The tensors of the network inside of ESPnet's model, under their names in the network.

    Raises:
        UserError: there are none.
    """
    network = {k.removeprefix(ESPNET_PREFIX): v for k, v in state.items() if k.startswith(ESPNET_PREFIX)}
    if not network:
        raise UserError(f"{source} holds no weights of ours (no tensor named {ESPNET_PREFIX}*)")
    return network


def _config_and_model(folder: Path) -> tuple[Path, Path]:
    config, model = folder / "config.yaml", folder / "model.pth"
    if (folder / "meta.yaml").is_file():
        meta = _read_yaml(folder / "meta.yaml")
        config = _inside(folder, meta.get("yaml_files", {}).get("train_config", ""))
        model = _inside(folder, meta.get("files", {}).get("model_file", ""))
    for path in (config, model):
        if not path.is_file():
            raise UserError(f"{folder} is no trained model: {path.name} is missing; finish the training first")
    return config, model


def _from_pack(path: Path, kind: str, role: str, parse: Callable[[bytes], Any]) -> Any:
    """A file of an ESPnet pack, read in place: nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            meta = yaml.safe_load(archive.read("meta.yaml"))
            return parse(archive.read(meta[kind][role]))
    except (
        *(zipfile.BadZipFile, KeyError, TypeError, RuntimeError, EOFError),
        *(yaml.YAMLError, pickle.UnpicklingError),
    ) as error:
        raise UserError(f"{path} is no ESPnet pack of an enhancement model: {first_line(error)}") from error


def _inside(folder: Path, name: str) -> Path:
    """A file of a foreign list, refused if it leads out of the folder."""
    if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise UserError(f"{folder}/meta.yaml names the file '{name}' outside of its folder")
    return folder / name


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
