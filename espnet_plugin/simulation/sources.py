"""The corpus that a simulation draws from: lists of speech, noise and room impulse responses."""

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.resample import resample, resampled_length
from espnet_plugin.errors import UserError

SPEECH_LIST, NOISE_LIST, RESPONSE_LIST = "speech.scp", "noise.scp", "rirs.scp"
SPEAKER_LIST, TEXT_LIST = "utt2spk", "text"


@dataclass(frozen=True)
class Source:
    """One file of a list: id, sampling rate and place."""

    uid: str
    rate_hz: int
    path: Path

    def read(
        self, rate_hz: int, dtype: type = np.float32, own_start: int = 0, own_samples: int = -1
    ) -> np.ndarray:
        """The first channel at a rate that is at most the file's own.

        Args:
            rate_hz: wanted rate.
            dtype: of the result, and of the resampling.
            own_start, own_samples: stretch to be read, at the file's rate; default: all of it.

        Returns:
            wave (samples,) with at least one sample.

        Raises:
            UserError: the file is missing, damaged or empty, holds samples that are not finite, or has
                another rate than the list says.
        """
        wave, own_rate_hz = read_audio(self.path, own_start, own_samples)
        if own_rate_hz != self.rate_hz:
            raise UserError(
                f"{self.path} has {own_rate_hz} Hz, its list says {self.rate_hz}; correct the list"
            )
        if self.rate_hz < rate_hz:
            raise UserError(f"{self.path} has only {self.rate_hz} Hz; it is not raised to {rate_hz}")
        if len(wave) == 0:
            raise UserError(f"{self.path} has no samples; remove it from its list")
        if not np.isfinite(wave[:, 0]).all():
            raise UserError(f"{self.path} holds samples that are not finite; get the file again")
        return resample(wave[:, 0].astype(dtype, copy=False), own_rate_hz, rate_hz)

    def read_stretch(self, rate_hz: int, samples: int, position: float) -> np.ndarray:
        """The stretch of `samples` that `noise.fitted` takes of the whole file, without reading the rest.

        Next to the ends of a stretch that is resampled, the filter sees 50 ms more of the file; so the result
        is that of the whole file to about 16 bits.

        Args:
            rate_hz: as for `read`.
            samples: wanted length at `rate_hz`; a file that is not longer is read whole.
            position: see `noise.add_noise`.

        Returns:
            wave (`samples`,), or the whole file (fewer,).

        Raises:
            UserError: as `read`.
        """
        own_samples, _, own_rate_hz = audio_info(self.path)
        there = resampled_length(own_samples, own_rate_hz, rate_hz)
        if there <= samples:
            return self.read(rate_hz)
        start = int(position * (there - samples + 1))
        # Whole blocks of `step` samples here correspond to whole blocks of `own_step` samples of the file.
        common = math.gcd(own_rate_hz, rate_hz)
        step, own_step = rate_hz // common, own_rate_hz // common
        margin = rate_hz // 20 if own_rate_hz != rate_hz else 0
        first_block = max(0, (start - margin) // step)
        last_block = -(-(start + samples + margin) // step)
        own_samples = (last_block - first_block) * own_step
        wave = self.read(rate_hz, own_start=first_block * own_step, own_samples=own_samples)
        inside = start - first_block * step
        return wave[inside : inside + samples]


@dataclass(frozen=True)
class Corpus:
    """One split of a corpus.

    Attributes:
        folder: where its lists are.
        speech, noises, responses: by id, in the order of the lists; `responses` may be empty.
        speaker_of, text_of: by speech id, as far as known.
        fingerprint: changes when a list changes.
    """

    folder: Path
    speech: dict[str, Source]
    noises: dict[str, Source]
    responses: dict[str, Source]
    speaker_of: dict[str, str] = field(default_factory=dict)
    text_of: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""


def read_corpus(folder: str | Path) -> Corpus:
    """Read the lists of one split.

    Args:
        folder: holds `speech.scp` and, if any, `noise.scp`, `rirs.scp` (id, rate in Hz, path; relative paths
            count from the folder), `utt2spk` and `text`.

    Raises:
        UserError: no such folder, no speech, or a line that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"the corpus folder {folder} does not exist; make it with: urgent26 mini-corpus")
    if not (folder / SPEECH_LIST).is_file():
        if (folder / "train" / SPEECH_LIST).is_file():
            raise UserError(f"{folder} holds several splits; name one of them, such as {folder / 'train'}")
        raise UserError(f"{folder} has no {SPEECH_LIST}; name the folder of one split of a corpus")
    speech = read_sources(folder / SPEECH_LIST)
    if not speech:
        raise UserError(f"{folder / SPEECH_LIST} is empty; there is no speech to degrade")
    return Corpus(
        folder=folder.resolve(),
        speech=speech,
        noises=read_sources(folder / NOISE_LIST),
        responses=read_sources(folder / RESPONSE_LIST),
        speaker_of=read_words(folder / SPEAKER_LIST),
        text_of=read_words(folder / TEXT_LIST),
        fingerprint=_fingerprint(folder),
    )


def read_sources(path: Path) -> dict[str, Source]:
    """Read a list of `id rate_hz path`, one file per line; a missing list is an empty one.

    Raises:
        UserError: a line with other columns, or an id that comes twice.
    """
    sources: dict[str, Source] = {}
    if not path.is_file():
        return sources
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        columns = line.split(None, 2)
        if len(columns) != 3 or not columns[1].isdecimal() or int(columns[1]) == 0:
            raise UserError(f"{path}, line {number}: expected 'id rate_hz path', found '{line.strip()}'")
        uid, rate_hz, target = columns
        if uid in sources:
            raise UserError(f"{path}, line {number}: the id {uid} comes twice; ids must be unique")
        sources[uid] = Source(uid, int(rate_hz), path.parent.resolve() / target.strip())
    return sources


def read_words(path: Path) -> dict[str, str]:
    """Read a list of `id words ...`; a missing list is an empty one."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")  # transcripts may hold other separators of lines
    pairs = (line.split(None, 1) for line in lines if line.strip())
    return {pair[0]: pair[1].strip() if len(pair) == 2 else "" for pair in pairs}


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in (SPEECH_LIST, NOISE_LIST, RESPONSE_LIST, SPEAKER_LIST, TEXT_LIST):
        path = folder / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()
