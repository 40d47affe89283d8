"""Packs of ESPnet's model zoo: a zip that stock ESPnet loads, the same bytes for the same model.

``meta.yaml`` tells ESPnet which files are configuration and weights. Nothing in a pack tells about
the machine that packed it.
"""

import importlib.metadata
import os
import platform
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained import card as cards
from espnet_plugin.pretrained.local_paths import without_paths
from espnet_plugin.pretrained.origin import ORIGINS
from espnet_plugin.pretrained.zoo_model import CONFIG, MODEL, ZooModel, of_experiment

META, RESULTS, LICENCE = "meta.yaml", "RESULTS.md", "LICENSE"

#: The earliest time that a zip can hold, for all files: the time of packing would change the bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
_TIMESTAMP = 315532800.0  # the same in seconds since 1970


def pack_experiment(exp_dir: str | Path, out_zip: str | Path, force: bool = False) -> Path:
    """Pack a trained model for ``SeparateSpeech.from_pretrained`` and the model zoo; as ``pack_model``.

    Args:
        exp_dir: folder with ``config.yaml`` and ``model.pth``.

    Raises:
        UserError: files are missing, or the pack exists.
    """
    return pack_model(of_experiment(exp_dir), out_zip, force)


def pack_model(model: ZooModel, out_zip: str | Path, force: bool = False, name: str | None = None) -> Path:
    """Write the pack of a model: weights, configuration, card, and results and pictures if there are any.

    The card is the ``README.md`` in the folder of the experiment, or a new one.

    Args:
        model: what is packed.
        out_zip: the pack to write (.zip).
        force: replace an existing pack.
        name: heading of a new card; by default the name of the experiment or of the pack.

    Returns:
        ``out_zip``.

    Raises:
        UserError: the pack exists, or has another suffix.
    """
    out_zip = Path(out_zip).resolve()
    if out_zip.suffix != ".zip":
        raise UserError(f"{out_zip}: the name of a pack must end with .zip")
    if out_zip.exists() and not force:
        raise UserError(f"{out_zip} exists; choose another name or use --force")
    out_zip.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_zip.parent, prefix=f".{out_zip.stem}.") as folder:
        weights, partial = Path(folder) / MODEL, Path(folder) / "pack.zip"
        model.write_weights(weights)
        heading = name or (model.experiment.name if model.experiment else out_zip.stem)
        _write_zip(partial, {**_texts(model, heading), **_pictures(model.experiment), MODEL: weights})
        os.replace(partial, out_zip)
    return out_zip


def card_of(model: ZooModel, name: str) -> str:
    """The card of the experiment where it has one, or a new one."""
    own = model.experiment / cards.FILE if model.experiment else None
    if own is not None and own.is_file():
        return without_paths(own.read_text(encoding="utf-8"))
    return cards.model_card(model, name)


def _texts(model: ZooModel, name: str) -> dict[str, bytes]:
    texts = {
        META: _yaml(_meta()),
        CONFIG: _yaml(model.config),
        cards.FILE: card_of(model, name),
    }
    results = model.experiment / RESULTS if model.experiment else None
    if results is not None and results.is_file():
        texts[RESULTS] = without_paths(results.read_text(encoding="utf-8"))
    origin = ORIGINS.get(model.origin or "")
    if origin is not None and origin.notice:
        texts[LICENCE] = origin.notice
    return {file: text.encode() for file, text in texts.items()}


def _meta() -> dict[str, Any]:
    return {
        "files": {"model_file": MODEL},
        "yaml_files": {"train_config": CONFIG},
        "timestamp": _TIMESTAMP,
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in ("torch", "espnet")},
    }


def _pictures(experiment: Path | None) -> dict[str, Path]:
    pictures = sorted(experiment.glob("images/*.png")) if experiment else []
    return {f"images/{path.name}": path for path in pictures}


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _write_zip(path: Path, files: dict[str, bytes | Path]) -> None:
    """Write files as they are: compression would depend on the version of a library."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, _DATE)
            member.create_system, member.external_attr = 3, 0o644 << 16
            if isinstance(content, bytes):
                archive.writestr(member, content)
                continue
            with content.open("rb") as source, archive.open(member, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)
