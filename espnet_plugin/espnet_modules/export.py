"""What a finished training leaves behind: a plain model file, its history, and a pack to give away."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.checkpoint import CURRENT
from espnet_plugin.training.curve import history_rows, plot_curve, write_history

MODEL, CONFIG = "model.pth", "config.yaml"

#: Modules of the model that enhancement needs; discriminators and the like stay behind.
GENERATOR = ("encoder.", "separator.", "decoder.")

#: What ESPnet's enhancement task reads to rebuild a model.
_TO_BUILD = (
    *("encoder", "encoder_conf", "separator", "separator_conf", "decoder", "decoder_conf"),
    *("mask_module", "mask_module_conf", "model_conf", "criterions"),
    *("diffusion_model", "diffusion_model_conf", "preprocessor", "preprocessor_conf"),
    *("init", "num_spk", "use_adapter", "sample_rate"),
)
#: How the model was trained; free of paths.
_FOR_THE_RECORD = (
    *("version", "seed", "max_epoch", "batch_size", "segment_samples", "loss_weights"),
    *("optim", "optim_conf", "scheduler", "scheduler_conf", "accum_grad", "grad_clip", "use_amp"),
    *("discriminator", "discriminator_conf", "discriminator_start_step"),
    *("optim2", "optim2_conf", "scheduler2", "scheduler2_conf", "grad_clip2"),
    *("keep_nbest_models", "best_model_criterion"),
)


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


def portable_config(config: dict[str, Any]) -> dict[str, Any]:
    """The part of a training's ``config.yaml`` that rebuilds and documents a model, without local paths."""
    return {key: config[key] for key in (*_TO_BUILD, *_FOR_THE_RECORD) if key in config}


def pack(exp_dir: Path | str, out_zip: Path | str, force: bool = False) -> Path:
    """Pack a trained model the way ESPnet does, for ``SeparateSpeech.from_pretrained`` and the model zoo.

    Args:
        exp_dir: folder with ``config.yaml`` and ``model.pth``.
        out_zip: the pack to write (.zip).
        force: replace an existing pack.

    Returns:
        ``out_zip``.

    Raises:
        UserError: files are missing, or the pack exists.
    """
    exp_dir, out_zip = Path(exp_dir).resolve(), _target(out_zip, force)
    for name in (MODEL, CONFIG):
        if not (exp_dir / name).is_file():
            raise UserError(f"{exp_dir / name} does not exist; train the model first (stage 5)")
    config = yaml.safe_load((exp_dir / CONFIG).read_text(encoding="utf-8"))
    # ESPnet stores names relative to its working folder and follows links, so a copy has to lie there.
    return _pack(out_zip, portable_config(config), lambda path: shutil.copyfile(exp_dir / MODEL, path))


def pack_network(
    separator: str,
    options: Mapping[str, Any],
    network: nn.Module,
    rate_hz: int,
    out_zip: Path | str,
    force: bool = False,
) -> Path:
    """Pack a network that comes from elsewhere, such as official files; as ``pack``.

    Args:
        separator: name of one of our separators.
        options: its arguments, and those of the network.
        network: what the separator has as ``network``.
        rate_hz: of the waves that the separator takes; at 48 kHz ESPnet resamples recordings of other rates.
        out_zip, force: as of ``pack``.

    Raises:
        UserError: the pack exists.
    """
    out_zip = _target(out_zip, force)
    config = {
        **{"encoder": "same", "encoder_conf": {}, "decoder": "same", "decoder_conf": {}},
        **{"separator": separator, "separator_conf": json.loads(json.dumps(options))},  # no tuples
        **{"mask_module": "multi_mask", "mask_module_conf": {}, "criterions": []},
        **{"model_conf": {"always_forward_in_48k": True} if rate_hz == 48000 else {}, "init": None},
        **{"use_adapter": False, "sample_rate": rate_hz},
    }
    states = {f"separator.network.{name}": tensor for name, tensor in network.state_dict().items()}
    return _pack(out_zip, config, lambda path: torch.save(states, path))


def _target(out_zip: Path | str, force: bool) -> Path:
    out_zip = Path(out_zip).resolve()
    if out_zip.suffix != ".zip":
        raise UserError(f"{out_zip}: the name of a pack must end with .zip")
    if out_zip.exists() and not force:
        raise UserError(f"{out_zip} exists; choose another name or use --force")
    return out_zip


def _pack(out_zip: Path, config: dict[str, Any], write_model: Callable[[Path], Any]) -> Path:
    out_zip.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_zip.parent, prefix=f".{out_zip.stem}.") as folder:
        staging = Path(folder)
        (staging / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        write_model(staging / MODEL)
        command = [sys.executable, "-m", "espnet2.bin.pack", "enh"]
        command += ["--train_config", CONFIG, "--model_file", MODEL, "--outpath", "pack.zip"]
        packed = subprocess.run(command, cwd=staging, capture_output=True, text=True)
        if packed.returncode:
            reason = (packed.stderr.strip() or "no message").splitlines()[-1]
            raise UserError(f"ESPnet could not write {out_zip}: {reason}")
        os.replace(staging / "pack.zip", out_zip)
    return out_zip
