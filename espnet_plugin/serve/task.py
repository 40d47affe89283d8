"""One recording of a visitor, from upload to comparison; the part that needs the model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from espnet_plugin.audio.source import FileSource, open_source
from espnet_plugin.audio.write import FORMATS, possible_subtype
from espnet_plugin.enhance.job import Job, run_job
from espnet_plugin.errors import UserError
from espnet_plugin.serve.comparison import Comparison, write_comparison
from espnet_plugin.serve.options import with_options

if TYPE_CHECKING:
    from espnet_plugin.enhance.enhancer import Enhancer

UPLOAD = "recording"
RESULT = "enhanced"


@dataclass(frozen=True)
class Task:
    """What becomes of an upload.

    Attributes:
        folder: holds the file `UPLOAD` and gets everything else. No name in it comes from a visitor.
        label: what the visitor calls the recording; for messages only.
        options: attribute of the enhancer -> value.
        longest_s: of a recording.
    """

    folder: Path
    label: str
    options: Mapping[str, str]
    longest_s: float


@dataclass(frozen=True)
class Result:
    """What came of a task.

    Attributes:
        path: the enhanced file.
        channels: of it.
        clipped: samples beyond full scale.
        level_change_db: None where one of both is silent.
        comparison: to hear and see.
    """

    path: Path
    channels: int
    clipped: int
    level_change_db: float | None
    comparison: Comparison


def run_task(enhancer: Enhancer, task: Task, told: Callable[[float, float], object]) -> Result:
    """Enhance an upload.

    Args:
        enhancer: the model.
        task: what to do.
        told: called with the finished seconds and all seconds, again and again.

    Raises:
        UserError: the recording cannot be enhanced, in words for the visitor.
    """
    upload = task.folder / UPLOAD
    try:
        with open_source(upload, task.folder / "decoded.wav", task.longest_s) as before:
            return _enhance(enhancer, task, before, told)
    except UserError as error:
        raise UserError(str(error).replace(str(upload), task.label)) from None
    except OSError as error:
        raise UserError(f"{task.label} could not be enhanced on this server: {error.strerror}") from error


def _enhance(
    enhancer: Enhancer, task: Task, before: FileSource, told: Callable[[float, float], object]
) -> Result:
    if not before.samples:
        raise UserError(f"{task.label} holds no sound; choose another recording")
    audio_s, done_s = before.samples / before.rate_hz, 0.0

    def heard(seconds: float) -> None:
        nonlocal done_s
        done_s += seconds
        told(done_s, audio_s)

    told(0.0, audio_s)
    target = task.folder / (RESULT + _suffix(before.path))
    subtype = possible_subtype(target, before.subtype)
    outcome = run_job(
        with_options(enhancer, task.options), Job(task.label, before.path, target, subtype), heard
    )
    if outcome.status == "failed":
        raise UserError(
            outcome.reason.replace(str(before.path), task.label).replace(str(target), "the result")
        )
    after = FileSource(target)
    try:
        comparison = write_comparison(task.folder, before, after)
    finally:
        after.close()
    return Result(target, before.channels, outcome.clipped, outcome.level_change_db, comparison)


def _suffix(path: Path) -> str:
    """The usual one of a file's format, whatever its name was; `.wav` for formats that cannot be written."""
    found = soundfile.info(os.fsencode(path)).format
    return next((suffix for suffix, container in FORMATS.items() if container == found), ".wav")
