"""Rendering of the challenge's audio: each line of `meta.tsv` becomes a degraded and a clean file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import audio_info
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.distortion import WIND, Distortion, parse_distortions
from espnet_plugin.simulation.challenge.ffmpeg import Work, ffmpeg_program, together
from espnet_plugin.simulation.challenge.fixes import read_fixes
from espnet_plugin.simulation.challenge.mixture import mix
from espnet_plugin.simulation.challenge.noise import draw_start, stretch
from espnet_plugin.simulation.challenge.settings import load_challenge_settings
from espnet_plugin.simulation.challenge.source_lists import SourceLists, read_source_lists
from espnet_plugin.simulation.meta import NONE, Row, read_meta
from espnet_plugin.simulation.rendering import Item, Rendered, claim, render_items, share_of
from espnet_plugin.simulation.resampling import check_resampy
from espnet_plugin.simulation.sources import Source


@dataclass(frozen=True)
class ChallengeItem(Item):
    """One row: the degraded file, the noise where it is stored, and the clean file."""

    row: Row
    distortions: tuple[Distortion, ...]
    speech: Source
    noise: Source
    response: Source | None
    filter_speech: bool
    fixes: frozenset[str]

    @classmethod
    def waves_of(cls, items: Sequence[ChallengeItem]) -> list[list[np.ndarray] | Exception]:
        """The degraded wave, the noise where it is stored, and the clean wave of each."""
        return together([item._waves() for item in items])

    def _waves(self) -> Work[list[np.ndarray]]:
        speech = self.speech.read(self.rate_hz, np.float64)
        if len(speech) != self.samples:
            raise UserError(f"{self.speech.path} has {len(speech)} samples, the table says {self.samples}")
        mixture = yield from mix(
            speech,
            self.rate_hz,
            noise=self._noise(),
            snr_db=self.row.snr_db,
            response=self.response.read(self.rate_hz, np.float64) if self.response else None,
            distortions=self.distortions,
            filter_speech=self.filter_speech,
            fixes=self.fixes,
        )
        if self.row.noise_path:
            return [mixture.noisy, mixture.noise, mixture.clean]
        return [mixture.noisy, mixture.clean]

    def _noise(self) -> np.ndarray:
        """The noise's stretch for this item; of a long file only that stretch is read."""
        # The number of the item is the seed of all that is drawn here.
        random = np.random.default_rng(int(self.id.rpartition("_")[2]))
        if self.noise.rate_hz == self.rate_hz:
            there, _, _ = audio_info(self.noise.path)
            if there > self.samples:
                start = draw_start(there, self.samples, random)
                return self.noise.read(self.rate_hz, np.float64, start, self.samples)
        noise = self.noise.read(self.rate_hz, np.float64)
        return stretch(noise, draw_start(len(noise), self.samples, random), self.samples)


def render(
    config: str | Path,
    meta: str | Path,
    output_dir: str | Path,
    processes: int = 1,
    part: tuple[int, int] | None = None,
    high_pass: bool = True,
) -> Rendered:
    """Render the audio of a table in the challenge's format; what is whole already is left alone.

    A row that cannot be rendered is reported on stderr, listed in `failed.txt` and skipped; the next call
    tries it again.

    Args:
        config: the YAML file that `meta` was drawn with; it names the lists.
        meta: the table; fixes that its first line names are applied.
        output_dir: the paths of the table count from here.
        processes: at most; few files are rendered in this one.
        part: (k, n): only the k-th of n shares of the rows, from 1.
        high_pass: filter the speech, as the official scripts do.

    Raises:
        UserError: a row names something unknown, there is no ffmpeg or resampy where one is needed, the audio
            in `output_dir` belongs to another table or filter, the disk is full, or a worker died.
    """
    meta, output_dir = Path(meta), Path(output_dir)
    rows = share_of(read_meta(meta), processes, part)
    settings, _ = load_challenge_settings(config)
    lists, fixes = read_source_lists(settings), read_fixes(meta)
    items = [_item(row, lists, output_dir, meta, high_pass, fixes) for row in rows]
    distortions = [distortion for item in items for distortion in item.distortions]
    check_resampy(
        distortion.parameters["method"]
        for distortion in distortions
        if distortion.name == "bandwidth_limitation"
    )
    if any(distortion.name in (WIND, "codec") for distortion in distortions):
        ffmpeg_program()
    claim(items, output_dir, meta, high_pass=high_pass)
    return render_items(items, output_dir, processes, part)


def _item(
    row: Row, lists: SourceLists, output_dir: Path, meta: Path, high_pass: bool, fixes: frozenset[str]
) -> ChallengeItem:
    try:
        distortions = parse_distortions(row.augmentation)
        wind = any(distortion.name == WIND for distortion in distortions)
        paths = (row.noisy_path, *([row.noise_path] if row.noise_path else []), row.clean_path)
        return ChallengeItem(
            id=row.id,
            rate_hz=row.rate_hz,
            samples=row.samples,
            paths=tuple(output_dir / path for path in paths),
            row=row,
            distortions=distortions,
            speech=lists.speech[row.speech_uid],
            noise=(lists.wind_noises if wind else lists.noises)[row.noise_uid],
            response=None if row.rir_uid == NONE else lists.responses[row.rir_uid],
            filter_speech=high_pass,
            fixes=fixes,
        )
    except KeyError as error:
        raise UserError(
            f"{meta}: {row.id} names {error}, which the lists do not have; name the configuration it was "
            "drawn with, or draw again"
        ) from None
    except ValueError as error:
        raise UserError(f"{meta}: {row.id}: {error}; draw again") from None
