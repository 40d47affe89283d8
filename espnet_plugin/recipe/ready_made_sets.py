"""Stages 1 and 2 where the challenge's sets come from the hub, simulated already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.audio.read import audio_info
from espnet_plugin.corpora.lists import LANGUAGE_LIST
from espnet_plugin.corpora.ready_made import Pair, fetch, pairs
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.links import without_blanks
from espnet_plugin.recipe.recordings import UNKNOWN_LANGUAGE
from espnet_plugin.recipe.stage import Stage
from espnet_plugin.simulation.draw import META_FILE
from espnet_plugin.simulation.meta import NO_TEXT, NONE, Row, read_meta, write_meta

#: Set of the recipe: ready-made set and part of it.
PARTS = {
    "train": ("universal_se", "train"),
    "valid": ("universal_se", "valid"),
    "test": ("leaderboard_validation", "valid"),
}


def fetch_sets(corpus_dir: Path, force: bool = False, parts: Mapping[str, tuple[str, str]] = PARTS) -> None:
    """Download the sets and list each in ``corpus_dir/SET/meta.tsv``, with the languages that are known.

    Raises:
        UserError: the hub cannot be reached, or a set has another layout than those that are known.
    """
    stage = Stage(corpus_dir, "corpus", {"corpus": "urgent26", "ready_made": dict(parts)}, force=force)
    if stage.finished():
        print(f"{corpus_dir}: {stage.summary['text']} (already done)")
        return
    stage.start()
    counts = {}
    for name, (ready_made, part) in parts.items():
        found = pairs(fetch(ready_made, corpus_dir / "downloads"), part)
        folder = corpus_dir / name
        languages = (f"{pair.uid} {pair.language or UNKNOWN_LANGUAGE}\n" for pair in found)
        write_text(folder / LANGUAGE_LIST, "".join(languages))
        write_meta(folder / META_FILE, [_row(pair, folder / "links") for pair in found])
        counts[name] = len(found)
    text = ", ".join(f"{name}: {count} recordings" for name, count in counts.items())
    stage.finish({"text": text})
    print(f"{corpus_dir}: {text}")


def is_ready_made(corpus_dir: Path) -> bool:
    """Whether a corpus folder holds sets that are simulated already."""
    return (corpus_dir / "train" / META_FILE).is_file()


def take_over(corpus_dir: Path, simulated_dir: Path, force: bool = False) -> None:
    """Make the downloaded sets the simulated ones.

    Raises:
        UserError: the folder holds other simulated sets.
    """
    for name in PARTS:
        rows = read_meta(corpus_dir / name / META_FILE)
        target = simulated_dir / name / META_FILE
        if target.is_file() and not force and read_meta(target) != rows:
            raise UserError(f"{target} is that of another set; add --force, or choose another --dumpdir")
        write_meta(target, rows)
        print(f"{target.parent}: {len(rows)} files, as they were downloaded")


def _row(pair: Pair, links: Path) -> Row:
    samples, _, rate_hz = audio_info(pair.noisy)
    noisy = without_blanks(pair.noisy, links / "noisy" / pair.uid)
    clean = without_blanks(pair.clean, links / "clean" / pair.uid) if pair.clean else NONE
    return Row(
        id=pair.uid,
        noisy_path=str(noisy),
        clean_path=str(clean),
        speech_uid=pair.uid,
        speech_sid=pair.speaker or pair.uid,
        noise_uid=NONE,
        snr_db=None,
        rir_uid=NONE,
        augmentation=NONE,
        rate_hz=rate_hz,
        samples=samples,
        text=pair.text or NO_TEXT,
    )
