"""One recording from file to file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from espnet_plugin.audio.read import audio_info
from espnet_plugin.audio.resample import scaled
from espnet_plugin.audio.source import ChosenChannels, Source, open_source
from espnet_plugin.audio.write import AudioWriter, possible_subtype, remove_leftovers, temporary_name
from espnet_plugin.enhance.level import FileScratch, Loudness
from espnet_plugin.errors import UserError

if TYPE_CHECKING:
    from espnet_plugin.enhance.enhancer import Enhancer


@dataclass(frozen=True)
class Job:
    """What becomes of one file.

    Attributes:
        identifier: of the recording.
        source: the file.
        target: its result; the suffix chooses the format.
        subtype: format of the samples by libsndfile's name; None: the recording's, where the format has it.
        channels: "each", "mix" (their mean) or numbers from 1.
        rate_hz: of the result; None: the recording's.
    """

    identifier: str
    source: Path
    target: Path
    subtype: str | None = None
    channels: str | tuple[int, ...] = "each"
    rate_hz: int | None = None

    def chosen(self, source: Source) -> Source:
        """The channels to be enhanced."""
        if self.channels == "each":
            return source
        return ChosenChannels(source, None if self.channels == "mix" else self.channels)

    def failed(self, reason: str) -> Outcome:
        """The outcome of a job that cannot be done."""
        return Outcome(self.identifier, self.source, self.target, "failed", reason)

    def fits(self) -> bool:
        """Whether the target is an audio file of the length, channels and rate that this job gives."""
        try:
            samples, channels, rate_hz = audio_info(self.source)
        except UserError:  # decoded by ffmpeg, or nothing that could be done again
            try:
                audio_info(self.target)
            except UserError:
                return False
            return True
        if self.channels != "each":
            channels = 1 if self.channels == "mix" else len(self.channels)
        wanted_hz = self.rate_hz or rate_hz
        try:
            return audio_info(self.target) == (scaled(samples, rate_hz, wanted_hz), channels, wanted_hz)
        except UserError:
            return False


@dataclass
class Outcome:
    """What happened to one file.

    Attributes:
        identifier, source, target: of the job.
        status: "enhanced", "skipped" (there already) or "failed".
        reason: one line why it failed.
        audio_s: its length.
        wall_s: time it took.
        clipped: samples of the result beyond full scale.
        level_change_db: power of the result against that of the recording; None where one of them is silent.
    """

    identifier: str
    source: Path
    target: Path
    status: str = "enhanced"
    reason: str = ""
    audio_s: float = 0.0
    wall_s: float = 0.0
    clipped: int = 0
    level_change_db: float | None = None


def run_job(enhancer: Enhancer, job: Job, heard: Callable[[float], object] = lambda audio_s: None) -> Outcome:
    """Enhance a file; the target is there whole or not at all.

    Args:
        enhancer: the model.
        job: what to do.
        heard: called with the seconds of audio that are finished, again and again.

    Returns:
        What happened; an error of the file is part of it.
    """
    outcome = Outcome(job.identifier, job.source, job.target)
    started = time.perf_counter()
    try:
        _enhance(enhancer, job, outcome, heard)
    except UserError as error:
        outcome.status, outcome.reason = "failed", str(error)
    except OSError as error:
        place = error.filename or job.target
        outcome.status, outcome.reason = "failed", f"{place}: {error.strerror or error}"
    except Exception as error:  # one odd file must not end a run over thousands
        text = " ".join(f"{type(error).__name__}: {error}".split())
        remedy = "; choose a shorter --window_s" if "memory" in text.lower() else ""
        outcome.status, outcome.reason = "failed", f"{job.source}: {text}{remedy}"
    outcome.wall_s = time.perf_counter() - started
    return outcome


def _enhance(enhancer: Enhancer, job: Job, outcome: Outcome, heard: Callable[[float], object]) -> None:
    target = job.target
    if target.parent.is_dir():
        remove_leftovers(target)
    with open_source(job.source, temporary_name(target, ".decoded")) as file:
        source = job.chosen(file)
        rate_hz = job.rate_hz or source.rate_hz
        samples = scaled(source.samples, source.rate_hz, rate_hz)
        outcome.audio_s = source.samples / source.rate_hz
        subtype = job.subtype or possible_subtype(target, file.subtype)
        before, after = Loudness(source.channels), Loudness(source.channels)
        with AudioWriter(target, source.channels, rate_hz, subtype, samples) as writer:
            if samples:
                scratch = FileScratch(target.parent, source.channels)
                for block in enhancer.stream(source, scratch, rate_hz, before, heard):
                    writer.write(block)
                    after.add(block)
        outcome.clipped = writer.clipped
        if before.mean_rms and after.mean_rms:
            outcome.level_change_db = round(20 * math.log10(after.mean_rms / before.mean_rms), 2)
