"""Rendering of audio: each line of `meta.tsv` becomes a degraded and a clean file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.augmentation import parse_augmentations
from espnet_plugin.simulation.draw import SETTINGS_FILE, without_draw_keys
from espnet_plugin.simulation.meta import NONE, Row, read_meta
from espnet_plugin.simulation.mixture import common_gain, degrade
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.rendering import Item, Rendered, claim, render_items, share_of
from espnet_plugin.simulation.resampling import check_resampy
from espnet_plugin.simulation.settings import load_settings
from espnet_plugin.simulation.sources import Corpus, Source, read_corpus


@dataclass(frozen=True)
class DegradedSpeech(Item):
    """One row: the degraded and the clean file. The clean one comes last."""

    row: Row
    speech: Source
    noise: Source | None
    response: Source | None
    seed: int

    @classmethod
    def waves_of(cls, items: Sequence[DegradedSpeech]) -> Iterator[tuple[np.ndarray, np.ndarray] | Exception]:
        """The degraded and the clean wave of each."""
        for item in items:
            try:
                yield item._waves()
            except Exception as error:  # of this item alone
                yield error

    def _waves(self) -> tuple[np.ndarray, np.ndarray]:
        row = self.row
        clean = self.speech.read(row.rate_hz)
        if len(clean) != row.samples:
            raise UserError(
                f"{self.speech.path} has changed since the table was drawn; draw it again with --force"
            )
        if not clean.any():
            raise UserError(f"{self.speech.path} is silent; remove it from its list")
        # Where in the noise to start is no column of the table; these names make it the same each time.
        random = random_stream(self.seed, row.speech_uid, row.noise_uid, row.snr_db, "position")
        noisy = degrade(
            clean,
            row.rate_hz,
            response=self.response.read(row.rate_hz) if self.response else None,
            noise=self.noise.read(row.rate_hz) if self.noise else None,
            snr_db=row.snr_db or 0.0,
            noise_position=random.random(),
            augmentations=parse_augmentations(row.augmentation),
        )
        gain = common_gain(noisy, clean)
        return gain * noisy, gain * clean


def render(
    config: str | Path,
    meta: str | Path,
    output_dir: str | Path,
    workers: int = 1,
    part: tuple[int, int] | None = None,
) -> Rendered:
    """Render the audio of a simulated set; what is whole already is left alone.

    A source file that cannot be used is reported on stderr, listed in `failed.txt` and skipped; the next call
    tries it again.

    Args:
        config: the YAML file that `meta` was drawn with.
        meta: the table of `draw`, with `settings.json` beside it.
        output_dir: gets the folders `noisy` and `clean`.
        workers: processes at most; few files are rendered in this one.
        part: (k, n): only the k-th of n shares of the rows, from 1.

    Raises:
        UserError: the configuration or the corpus changed since the drawing, the audio in `output_dir`
            belongs to another table, the disk is full, or a worker died.
    """
    meta, output_dir = Path(meta), Path(output_dir)
    rows = share_of(read_meta(meta), workers, part)
    record = _read_record(meta)
    _check_config(config, record, meta)
    corpus = _unchanged_corpus(record, meta)
    check_resampy(
        augmentation.parameters["method"]
        for row in rows
        for augmentation in parse_augmentations(row.augmentation)
        if augmentation.name == "bandwidth_limitation"
    )
    items = [_item(row, corpus, record["seed"], output_dir, meta) for row in rows]
    claim(items, output_dir, meta)
    return render_items(items, output_dir, workers, part)


def _item(row: Row, corpus: Corpus, seed: int, output_dir: Path, meta: Path) -> DegradedSpeech:
    try:
        return DegradedSpeech(
            id=row.id,
            rate_hz=row.rate_hz,
            samples=row.samples,
            paths=(output_dir / row.noisy_path, output_dir / row.clean_path),
            row=row,
            speech=corpus.speech[row.speech_uid],
            noise=None if row.noise_uid == NONE else corpus.noises[row.noise_uid],
            response=None if row.rir_uid == NONE else corpus.responses[row.rir_uid],
            seed=seed,
        )
    except KeyError as error:
        raise UserError(
            f"{meta}: {row.id} names {error}, which {corpus.folder} does not have; draw again"
        ) from None


def _read_record(meta: Path) -> dict:
    path = meta.with_name(SETTINGS_FILE)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{path} cannot be read; draw again with --force: urgent26 simulate draw") from None


def _check_config(config: str | Path, record: dict, meta: Path) -> None:
    _, plain = load_settings(config)
    if without_draw_keys(plain) != record["config"]:
        raise UserError(
            f"{meta} was drawn with another configuration than {config}; name that one, or draw again"
        )


def _unchanged_corpus(record: dict, meta: Path) -> Corpus:
    corpus = read_corpus(record["corpus"])
    if corpus.fingerprint != record["lists"]:
        raise UserError(
            f"the lists in {corpus.folder} changed since {meta} was drawn; draw again with --force"
        )
    return corpus
