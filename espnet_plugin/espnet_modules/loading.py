"""Strict reading of model files; ESPnet itself loads without a word whatever fits."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from espnet_plugin.errors import UserError


def read_state_dict(path: str | Path, mapped: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of a model file, on the CPU, by name.

    Args:
        path: written by `torch.save`.
        mapped: leave the tensors in the file until they are read, which spares their size in memory.

    Raises:
        UserError: no such file, not readable as a safe checkpoint, or no flat list of tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"the model file {path} does not exist; give the .pth file of a trained model")
    try:
        mapped = mapped and zipfile.is_zipfile(path)  # files of old releases cannot be mapped
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # torch raises many kinds for damaged, foreign and unsafe files
        raise UserError(f"{path} is damaged or no model file; copy it again or train again") from error
    if not isinstance(content, Mapping) or not all(torch.is_tensor(value) for value in content.values()):
        raise UserError(
            f"{path} does not hold the tensors of one model (it may be a training checkpoint); "
            "use model.pth of the experiment"
        )
    return dict(content)


def check_keys(
    model: nn.Module, state_dict: Mapping[str, torch.Tensor], where: str = "the model file"
) -> None:
    """Compare the tensors of a file with those of a model.

    Args:
        model: the model that was built from the configuration.
        state_dict: what the file holds.
        where: how to call the file in the error.

    Raises:
        UserError: names how many tensors are missing, unexpected or of another shape, and the first of each.
    """
    own = model.state_dict()
    missing = [key for key in own if key not in state_dict]
    unexpected = [key for key in state_dict if key not in own]
    misshapen = [
        f"{key} is {tuple(state_dict[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state_dict and state_dict[key].shape != own[key].shape
    ]
    found = [
        f"{len(keys)} {kind} (first: {keys[0]})"
        for kind, keys in (("missing", missing), ("unexpected", unexpected), ("misshapen", misshapen))
        if keys
    ]
    if found:
        raise UserError(
            f"{where} does not fit the configuration: of {len(own)} tensors {', '.join(found)}; "
            "use the config.yaml that was written with this model"
        )


def load_strictly(model: nn.Module, path: str | Path) -> None:
    """Load a model file into a model, or say what does not fit.

    Raises:
        UserError: as ``read_state_dict`` and ``check_keys``.
    """
    state_dict = read_state_dict(path)
    check_keys(model, state_dict, where=str(path))
    model.load_state_dict(state_dict, strict=True)
