"""The start of a training from the weights of another model, checked before anything begins."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained import origin
from espnet_plugin.pretrained.load import ESPNET_PREFIX, check_tensors, load_strictly, read_checkpoint

FILE = "initial.pth"


def write_initial_weights(
    checkpoint: str | Path | Mapping[str, str | Path], config: Mapping[str, Any], exp_dir: Path
) -> Path:
    """Write a file for ESPnet's ``--init_param``, which itself takes whatever happens to fit.

    Args:
        checkpoint: official file, one of ours, an experiment folder, a pack or a hub tag; where several
            networks learn together, also one for each by name.
        config: of the training; its network must be that of the checkpoint.
        exp_dir: gets the file, and beside it the origin of the weights, if they name one.

    Returns:
        The file, under the names that tensors have in the training.

    Raises:
        UserError: the checkpoint cannot be read, or its tensors do not fit the network.
    """
    if config.get("part") is not None:
        return _write_part(checkpoint, config, exp_dir)
    from espnet2.tasks.enh import separator_choices

    from espnet_plugin.espnet_modules.registration import register

    register()
    found = read_checkpoint(checkpoint)
    separator = separator_choices.get_class(config["separator"])(1, **config.get("separator_conf", {}))
    if not hasattr(separator, "network"):
        raise UserError(f"a training of separator '{config['separator']}' cannot start from {found.source}")
    load_strictly(separator.network, found.state, found.source)
    state = {ESPNET_PREFIX + name: tensor for name, tensor in found.state.items()}
    return _write([checkpoint], state, exp_dir)


def _write_part(
    checkpoint: str | Path | Mapping[str, str | Path], config: Mapping[str, Any], exp_dir: Path
) -> Path:
    """The same for GAP-URGENet's networks."""
    from espnet_plugin.pretrained.gap_part import complete_options, empty_part, read_part, trained_prefix
    from espnet_plugin.training.parts import networks_of

    training, state, checkpoints = config["part"], {}, []
    for name in networks_of(training):
        checkpoints.append(checkpoint[name] if isinstance(checkpoint, Mapping) else checkpoint)
        found = read_part(name, checkpoints[-1])
        where = f"network_conf.{name}"
        options = complete_options(name, (config.get("network_conf") or {}).get(name) or {}, where)
        own = found.network.state_dict()
        expected = empty_part(name, options, where).state_dict()
        check_tensors(own, expected, f"{found.source} does not fit {where}")
        prefix = trained_prefix(training, name)
        state |= {prefix + key: tensor for key, tensor in own.items()}
    return _write(checkpoints, state, exp_dir)


def _write(checkpoints: Sequence[str | Path], state: Mapping[str, torch.Tensor], exp_dir: Path) -> Path:
    if whose := next(filter(None, map(origin.read_origin, checkpoints)), None):
        write_text(exp_dir / origin.FILE, f"{whose}\n")
    partial = exp_dir / f".{FILE}.tmp"
    torch.save(dict(state), partial)
    os.replace(partial, exp_dir / FILE)
    return exp_dir / FILE
