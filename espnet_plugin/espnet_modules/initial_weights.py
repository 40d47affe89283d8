"""The start of a training from the weights of another model, checked before anything begins."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import ESPNET_PREFIX, load_strictly, read_checkpoint

FILE = "initial.pth"


def write_initial_weights(checkpoint: str | Path, config: Mapping[str, Any], exp_dir: Path) -> Path:
    """Write a file for ESPnet's ``--init_param``, which itself takes whatever happens to fit.

    Args:
        checkpoint: official file, one of ours, an experiment folder, a pack or a hub tag.
        config: of the training; its network must be that of the checkpoint.
        exp_dir: gets the file.

    Returns:
        The file, under the names that tensors have in the training.

    Raises:
        UserError: the checkpoint cannot be read, or its tensors do not fit the network.
    """
    from espnet2.tasks.enh import separator_choices

    from espnet_plugin.espnet_modules.registration import register

    register()
    found = read_checkpoint(checkpoint)
    separator = separator_choices.get_class(config["separator"])(1, **config.get("separator_conf", {}))
    if not hasattr(separator, "network"):
        raise UserError(f"a training of separator '{config['separator']}' cannot start from {found.source}")
    load_strictly(separator.network, found.state, found.source)
    partial = exp_dir / f".{FILE}.tmp"
    torch.save({ESPNET_PREFIX + name: tensor for name, tensor in found.state.items()}, partial)
    os.replace(partial, exp_dir / FILE)
    return exp_dir / FILE

