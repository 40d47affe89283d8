"""Enhanced recordings into the zip that the challenge's server takes (urgent26.md A.7)."""

from __future__ import annotations

import glob
import os
import secrets
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.submission import readme
from espnet_plugin.submission.validate import SIZE_LIMIT_BYTES, SUFFIX, member_names, submission_problems
from espnet_plugin.worker_processes import in_processes


@dataclass(frozen=True)
class Task:
    """One recording: its name in the zip, and where it is."""

    name: str
    enhanced: Path
    noisy: Path


@dataclass(frozen=True)
class Encoded:
    """What came of a task: the FLAC file, or why there is none."""

    content: bytes = b""
    clipped_samples: int = 0
    problems: tuple[str, ...] = ()


@dataclass
class Package:
    """What came of a submission.

    Attributes:
        problems: one line each; nothing was written if there is one.
        clipped: enhanced file -> samples beyond full scale.
        files: number of recordings.
        size_bytes: of the zip.
    """

    problems: list[str] = field(default_factory=list)
    clipped: dict[Path, int] = field(default_factory=dict)
    files: int = 0
    size_bytes: int = 0

    def line(self) -> str:
        """The summary for people."""
        text = f"{self.files} files, {self.size_bytes / 1e6:.1f} MB"
        return text + (f"; {len(self.clipped)} reached full scale and were clipped" if self.clipped else "")


def make_package(
    enhanced: Mapping[str, Path],
    noisy: Mapping[str, Path],
    readme_path: str | Path,
    output: str | Path,
    workers: int = 1,
    force: bool = False,
    progress: bool = True,
) -> Package:
    """Write a submission: 16-bit mono FLAC files named as the noisy ones, and README.yaml.

    The zip is checked as `validate` does before it gets its name, and the same input gives the same bytes.

    Args:
        enhanced: id -> enhanced file, of any format and sample type.
        noisy: id -> noisy file as given by the organisers; same ids.
        readme_path: the filled README.yaml.
        output: the zip to write.
        workers: processes.
        force: replace a zip that is there.
        progress: show bars with the time left.

    Returns:
        All problems of all files, or the summary of the zip.

    Raises:
        UserError: no README.yaml at that place, the zip is there already, or two noisy files of the same
            name.
    """
    readme_path, output = Path(readme_path), Path(output)
    if output.exists() and not force:
        raise UserError(f"{output} exists; add --force to replace it")
    if output.suffix != ".zip":
        raise UserError(f"{output}: the name of a submission ends with .zip")
    try:
        description = readme_path.read_bytes()
    except OSError:
        raise UserError(
            f"cannot read {readme_path}; urgent26 package --template {readme.NAME} writes a form to fill in"
        ) from None
    names = member_names(noisy)
    package = Package(files=len(names))
    package.problems += [f"{readme_path}: {problem}" for problem in readme.readme_problems(description)]
    package.problems += [
        f"{noisy[key]}: has no enhanced file" for key in sorted(noisy.keys() - enhanced.keys())
    ]
    package.problems += [
        f"{enhanced[key]}: belongs to no noisy file" for key in sorted(enhanced.keys() - noisy.keys())
    ]
    tasks = [
        Task(name, Path(enhanced[key]), Path(noisy[key])) for key, name in names.items() if key in enhanced
    ]
    output.parent.mkdir(parents=True, exist_ok=True)
    for leftover in output.parent.glob(f".{glob.escape(output.name)}.*.tmp"):
        leftover.unlink(missing_ok=True)  # of a killed run
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write(temporary, description, tasks, package, workers, progress)
        if not package.problems:
            found = submission_problems(temporary, noisy, workers, progress)
            package.problems = [f"{output}: {problem}" for problem in found]
        if not package.problems:
            package.size_bytes = temporary.stat().st_size
            os.replace(temporary, output)
    finally:
        temporary.unlink(missing_ok=True)
    return package


def _write(
    path: Path, description: bytes, tasks: list[Task], package: Package, workers: int, progress: bool
) -> None:
    from tqdm import tqdm

    written_bytes = 0
    with zipfile.ZipFile(path, "w") as file:
        _add(file, readme.NAME, description)
        outcomes = in_processes(encode, tasks, workers, tasks_per_worker=20)
        bar = tqdm(outcomes, total=len(tasks), desc="package", unit="file", disable=not progress)
        for task, outcome in zip(tasks, bar, strict=True):
            package.problems += outcome.problems
            if outcome.clipped_samples:
                package.clipped[task.enhanced] = outcome.clipped_samples
            written_bytes += len(outcome.content)
            # A zip that nobody gets needs no disk; what is left is only looked through for problems.
            if not package.problems and written_bytes < SIZE_LIMIT_BYTES:
                _add(file, task.name, outcome.content)
    if written_bytes >= SIZE_LIMIT_BYTES:
        package.problems.append(
            f"the zip would have {written_bytes / 1e6:.1f} MB, but it has to be below "
            f"{SIZE_LIMIT_BYTES / 1e6:.0f} MB; does the model leave noise in silence?"
        )


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name)  # dated 1980, so that equal submissions are equal files
    member.external_attr = 0o644 << 16
    file.writestr(member, content)


def encode(task: Task) -> Encoded:
    """Encode one recording in a worker; never raises for what is in the files."""
    try:
        samples, _, rate_hz = audio_info(task.noisy)
        wave, own_rate_hz = read_audio(task.enhanced)
    except UserError as error:
        return Encoded(problems=(str(error),))
    problems = []
    if wave.shape[1] != 1:
        problems.append(f"has {wave.shape[1]} channels, not one")
    if own_rate_hz != rate_hz:
        problems.append(f"has {own_rate_hz} Hz, the noisy file {rate_hz} Hz")
    if len(wave) != samples:
        problems.append(f"has {len(wave)} samples, the noisy file {samples}")
    if not len(wave):
        problems.append("has no samples")
    if not np.isfinite(wave).all():
        problems.append("holds NaN or infinite samples")
    if problems:
        return Encoded(problems=tuple(f"{task.enhanced}: {problem}" for problem in problems))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"encoded{SUFFIX}"
        clipped_samples = write_audio(path, wave, rate_hz, "PCM_16")
        return Encoded(path.read_bytes(), clipped_samples)
