"""What a finished training leaves behind: a plain model file and its history."""

import os
from pathlib import Path

import torch

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.checkpoint import CURRENT
from espnet_plugin.pretrained.zoo_model import MODEL
from espnet_plugin.training.curve import history_rows, plot_curve, write_history

#: Modules of the model that enhancement needs; discriminators and the like stay behind.
GENERATOR = ("encoder.", "separator.", "decoder.", "part.network.")


def export_model(exp_dir: Path) -> Path:
    """Write ``model.pth``: the average of the best epochs, generator only, plain tensors.

    Args:
        exp_dir: folder of a finished training.

    Raises:
        UserError: the training left no averaged model.
    """
    averaged = sorted(exp_dir.glob("*.ave.pth"))
    if not averaged:
        raise UserError(f"{exp_dir} holds no averaged model (*.ave.pth); finish the training first")
    best = next((path for path in averaged if path.name.startswith("valid.")), averaged[0])
    states = torch.load(best, map_location="cpu", weights_only=True)
    model = {key: value.detach().clone() for key, value in states.items() if key.startswith(GENERATOR)}
    partial = exp_dir / f".{MODEL}.tmp"
    torch.save(model, partial)
    os.replace(partial, exp_dir / MODEL)
    return exp_dir / MODEL


def export_history(exp_dir: Path) -> None:
    """Write ``history.csv`` and ``images/training_curve.png`` from the last checkpoint."""
    states = torch.load(exp_dir / CURRENT, map_location="cpu", weights_only=True)
    rows = history_rows(states["reporter"]["stats"])
    write_history(rows, exp_dir / "history.csv")
    plot_curve(rows, exp_dir / "images" / "training_curve.png", title=exp_dir.name)
