"""Further training of GAP-URGENet's networks on a user's own folders, all stages in one folder."""

import json
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.atomic_write import write_text
from espnet_plugin.config import deep_merge, load_config
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.fine_tuning import CONFIGURATIONS, SIMULATE_CONFIG, prepare
from espnet_plugin.recipe.part_training import ALL, JOINT, PARTS, chosen_parts, train_parts

DIFFERENCE = CONFIGURATIONS / "train" / "gap_fine_tune.yaml"
#: Degrades the speech that is trained on.
MIXING_CONFIG = CONFIGURATIONS / "simulate" / "gap_urgenet.yaml"

_OF_DISCRIMINATORS = ("discriminator", "discriminator_conf", "grad_clip2")


def fine_tune_part(
    checkpoint: str,
    train_part: str,
    output_dir: Path,
    clean_dir: Path,
    noise_dir: Path,
    rir_dir: Path | None = None,
    train_config: Path | None = None,
    simulate_config: Path | None = None,
    teacher: str | None = None,
    ngpu: int = 0,
    cores: int = 1,
    seed: int = 0,
    force: bool = False,
) -> Path:
    """Train one network of a checkpoint further, or vocoder and PostNet together.

    They learn from clean speech that is degraded anew in every epoch.

    Args:
        checkpoint: GAP-URGENet in any form that ``espnet_plugin.load`` takes.
        train_part: which of its networks, or ``joint``; see ``chosen_parts``.
        output_dir: gets the lists, the validation and test set, and in ``model/`` all five networks.
        clean_dir: clean speech, for the PostNet and ``joint`` at 48 kHz; sub-folders are taken for speakers.
        noise_dir, rir_dir: noise of the same rate or more and, if any, room impulse responses.
        train_config: how to train; default: ``conf/train/gap_PART.yaml`` with ``gap_fine_tune.yaml`` over it.
        simulate_config: the degradations; default: the challenge's with GAP-URGENet's levels, and for the
            validation set those of ``restoration.yaml`` without rooms.
        teacher: WavLM-Large, on whose features the released vocoder was trained; default: the encoder of the
            checkpoint.
        ngpu, cores, seed, force: as of ``fine_tune``.

    Returns:
        Folder of the model, which ``espnet_plugin.load`` reads.

    Raises:
        UserError: a folder or file is missing or cannot be used, or the training failed.
    """
    parts = chosen_parts(train_part)
    if len(parts) > 1:
        raise UserError(f"--train_part {ALL} would tune all at once; take one of {', '.join((*PARTS, JOINT))}")
    (part,) = parts
    config = _configuration(part, checkpoint, train_config)
    placed = output_dir / "fine_tune.yaml"
    placed.parent.mkdir(parents=True, exist_ok=True)
    write_text(placed, yaml.safe_dump(config, sort_keys=False))
    if simulate_config is None:
        validation = {"base": str(SIMULATE_CONFIG), "rate_hz": config["sample_rate"]}
        validation_config = output_dir / "validation.yaml"
        write_text(validation_config, yaml.safe_dump({**validation, "reverberation": {"probability": 0.0}}))
    else:
        validation_config = simulate_config
    corpus, data, statistics = prepare(
        output_dir, clean_dir, noise_dir, rir_dir, validation_config, cores, seed, force
    )
    return train_parts(
        part,
        placed,
        data,
        statistics,
        output_dir / "model",
        ngpu,
        cores,
        seed,
        force,
        simulate_config or MIXING_CONFIG,
        corpus,
        teacher,
        checkpoint,
    )


def _configuration(part: str, checkpoint: str, train_config: Path | None) -> dict[str, Any]:
    """The configuration of the training, for the sizes of the checkpoint."""
    from espnet_plugin.pretrained.gap_part import read_part

    if train_config is None:
        config = load_config(CONFIGURATIONS / "train" / f"gap_{part}.yaml")
        config = {key: value for key, value in config.items() if key not in _OF_DISCRIMINATORS}
        config = {key: value for key, value in config.items() if not key.startswith(("optim2", "scheduler2"))}
        learned = {"adversarial", "feature_matching"}
        weights = config.pop("loss_weights", {})
        config["loss_weights"] = {term: weight for term, weight in weights.items() if term not in learned}
        config = deep_merge(config, load_config(DIFFERENCE))
    else:
        config = load_config(train_config)
    sizes = {name: read_part(name, checkpoint).options for name in PARTS}
    return {**config, "degradation": None, "network_conf": json.loads(json.dumps(sizes))}  # no tuples
