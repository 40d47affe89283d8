"""Stage 2 by the challenge's own simulation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.atomic_write import write_text
from espnet_plugin.config import load_config

#: Set of the recipe -> word in the name of its configuration.
WORDS = {"train": "train", "valid": "validation", "test": "test"}
LISTS = ("speech_scps", "speech_utt2spk", "speech_text", "noise_scps", "wind_noise_scps", "rir_scps")
DATA_FOLDER = "data"  # where the official configurations have their lists


def placed_config(output: Path) -> Path:
    """Where `draw_set` leaves the configuration that the set in a folder is drawn with."""
    return output.with_suffix(".yaml")


def draw_set(
    config: Path,
    name: str,
    output: Path,
    data_dir: Path,
    seed: int = 0,
    fixes: Iterable[str] = (),
    force: bool = False,
) -> None:
    """Draw one set; what is there already is left alone.

    Args:
        config: of the training set, such as ``urgent26_train.yaml``; those of the other sets lie beside it
            and have ``validation`` or ``test`` for ``train`` in their names. A set without one is simulated
            like the training set.
        name: ``train``, ``valid`` or ``test``.
        output: folder of the set.
        data_dir: where stage 1 wrote the lists.
        seed: of the draws.
        fixes: corrections, see ``simulation.challenge.fixes``.
        force: draw again.

    Raises:
        UserError: a mistake in the configuration or the lists, or a set of other settings.
    """
    from espnet_plugin.simulation.challenge.draw import draw

    settings = place_lists(settings_of(config, name), data_dir, fixes)
    placed = placed_config(output)
    write_text(placed, yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    draw(placed, output, seed=seed, fixes=fixes, force=force)


def settings_of(config: Path, name: str) -> dict[str, Any]:
    """The configuration of a set, out of that of the training set."""
    stem, found, rest = config.name.rpartition(WORDS["train"])
    word = WORDS[name]
    beside = config.with_name(f"{stem}{word}{rest}")
    if found and beside.is_file():
        return load_config(beside)
    settings = load_config(config)
    if name != "train":
        folder = f"{DATA_FOLDER}/tmp/{word}"
        subset = f"{folder}/speech_{word}_subset"
        files = (f"{subset}.scp", f"{subset}.utt2spk", f"{subset}.text")
        noises = (f"{folder}/noise_scoures.scp", f"{folder}/wind_noise_scoures.scp", f"{folder}/rirs.scp")
        settings.update((key, [path]) for key, path in zip(LISTS, files + noises, strict=True))
    return settings


def place_lists(settings: Mapping[str, Any], data_dir: Path, fixes: Iterable[str] = ()) -> dict[str, Any]:
    """A configuration with its lists in the recipe's data folder, without those that are empty.

    Without wind noises there is no wind, and without rooms no reverberation.

    Args:
        settings: the configuration; list paths that begin with ``data/`` count from `data_dir`.
        data_dir: data folder.
        fixes: corrections that are on; they tell what the parameter of reverberation means.
    """
    placed = dict(settings)
    for key in LISTS:
        placed[key] = [str(_placed(Path(str(path)), data_dir)) for path in settings.get(key) or []]
    if _all_empty(placed["wind_noise_scps"]):
        placed["prob_wind_noise"] = 0.0
    if _all_empty(placed["rir_scps"]):
        placed["prob_reverberation"] = 0.0 if "reverberation_share" in fixes else 1.0
    return placed


def _placed(path: Path, data_dir: Path) -> Path:
    if path.is_absolute() or path.parts[0] != DATA_FOLDER:
        return path
    return data_dir.resolve().joinpath(*path.parts[1:])


def _all_empty(paths: list[str]) -> bool:
    return not any(Path(path).is_file() and Path(path).stat().st_size for path in paths)
