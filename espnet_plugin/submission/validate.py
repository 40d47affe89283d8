"""What a server would refuse in a submission: every problem, not only the first (urgent26.md A.7)."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from espnet_plugin.audio.read import audio_info
from espnet_plugin.errors import UserError
from espnet_plugin.submission import readme
from espnet_plugin.worker_processes import in_processes

SIZE_LIMIT_BYTES = 300_000_000
README_LIMIT_BYTES = 1_000_000
FOLDER, SUFFIX = "enhanced", ".flac"
#: Files that one task of a worker checks; each task opens the zip again.
FILES_PER_TASK = 25

#: What reading a member of a damaged, encrypted or exotic zip raises.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Task:
    """Members of one zip, each with the noisy file it belongs to."""

    archive: Path
    noisy_of: Mapping[str, Path]


def member_names(noisy: Mapping[str, Path]) -> dict[str, str]:
    """The name that each recording has in a submission.

    Args:
        noisy: id -> noisy file as given by the organisers.

    Returns:
        id -> name such as `enhanced/fileid_1.flac`.

    Raises:
        UserError: two noisy files of the same name.
    """
    names: dict[str, str] = {}
    owners: dict[str, Path] = {}
    for identifier, path in noisy.items():
        name = f"{FOLDER}/{Path(path).stem}{SUFFIX}"
        if name in owners:
            raise UserError(f"{owners[name]} and {path} would share the name {name}; rename one of them")
        owners[name] = path
        names[identifier] = name
    return names


def submission_problems(
    archive: str | Path, noisy: Mapping[str, Path], workers: int = 1, progress: bool = True
) -> list[str]:
    """Check a submission against the noisy set it answers.

    Args:
        archive: the zip.
        noisy: id -> noisy file as given by the organisers.
        workers: processes.
        progress: show a bar with the time left.

    Returns:
        One line per problem, sorted by kind and name; empty if there is none.

    Raises:
        UserError: the zip or a noisy file is missing, or two noisy files have the same name.
    """
    archive = Path(archive)
    noisy_of = {name: Path(noisy[identifier]) for identifier, name in member_names(noisy).items()}
    try:
        size_bytes = archive.stat().st_size
        with zipfile.ZipFile(archive) as file:
            members = file.infolist()
            problems = [*_size(size_bytes), *_foreign(members, noisy_of), *_readme(file)]
    except FileNotFoundError:
        raise UserError(f"{archive} does not exist; urgent26 package makes it") from None
    except UNREADABLE as error:
        return [f"is no whole zip file ({_line(error)}); package it again"]
    there = {member.filename for member in members}
    problems += [f"{name}: is missing" for name in sorted(noisy_of.keys() - there)]
    wanted = sorted(noisy_of.keys() & there)
    tasks = [
        Task(archive, {name: noisy_of[name] for name in wanted[start : start + FILES_PER_TASK]})
        for start in range(0, len(wanted), FILES_PER_TASK)
    ]
    return problems + list(_audio(tasks, len(wanted), workers, progress))


def _size(size_bytes: int) -> Iterator[str]:
    if size_bytes >= SIZE_LIMIT_BYTES:
        limit = f"it has to be below {SIZE_LIMIT_BYTES / 1e6:.0f} MB"
        yield f"has {size_bytes / 1e6:.1f} MB, but {limit}"


def _foreign(members: Sequence[zipfile.ZipInfo], noisy_of: Mapping[str, Path]) -> Iterator[str]:
    """Everything beside README.yaml and the files of the noisy set."""
    count = Counter(member.filename for member in members)
    folders: Counter[str] = Counter()
    for name in sorted(count):
        if count[name] > 1:
            yield f"{_shown(name)}: is there {count[name]} times"
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            yield f"{_shown(name)}: the path leads out of the folder in which the zip is unpacked"
        elif name in (readme.NAME, f"{FOLDER}/") or name in noisy_of:
            continue
        elif name.startswith(f"{FOLDER}/") and "/" not in name.removeprefix(f"{FOLDER}/"):
            yield f"{_shown(name)}: no noisy file has this name"
        elif "/" in name:
            # One line for a folder, which may hold a file for each of ours.
            own_folder = name.startswith(f"{FOLDER}/")
            folders["/".join(name.split("/")[: 2 if own_folder else 1]) + "/"] += not name.endswith("/")
        else:
            yield f"{_shown(name)}: does not belong here"
    for folder, files in folders.items():
        yield f"{_shown(folder)}: this folder with {files} files does not belong here"
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            yield f"{_shown(member.filename)}: is a link"


def _readme(file: zipfile.ZipFile) -> Iterator[str]:
    try:
        content = _content(file, readme.NAME, README_LIMIT_BYTES)
    except KeyError:
        yield f"{readme.NAME}: is missing"
    except UNREADABLE as error:
        yield f"{readme.NAME}: cannot be unpacked ({_line(error)})"
    else:
        yield from (f"{readme.NAME}: {problem}" for problem in readme.readme_problems(content))


def _audio(tasks: Sequence[Task], files: int, workers: int, progress: bool) -> Iterator[str]:
    from tqdm import tqdm

    with tqdm(total=files, desc="validate", unit="file", disable=not progress) as bar:
        checked = in_processes(_check, tasks, workers, tasks_per_trip=1, tasks_per_worker=2)
        for task, problems in zip(tasks, checked, strict=True):
            bar.update(len(task.noisy_of))
            yield from problems


def _check(task: Task) -> list[str]:
    problems = []
    with zipfile.ZipFile(task.archive) as file:
        for name, noisy in task.noisy_of.items():
            size = audio_info(noisy)
            try:
                content = _content(file, name, SIZE_LIMIT_BYTES)
            except UNREADABLE as error:
                problems.append(f"{name}: cannot be unpacked ({_line(error)})")
            else:
                problems += [f"{name}: {problem}" for problem in _audio_problems(content, *size)]
    return problems


def _audio_problems(content: bytes, samples: int, _channels: int, rate_hz: int) -> Iterator[str]:
    """The problems of one file; the numbers are those of the noisy file."""
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            if file.format != "FLAC":
                yield f"is {file.format}, not FLAC"
            if file.subtype != "PCM_16":
                yield f"has samples of the type {file.subtype}, not 16 bit (PCM_16)"
            if file.channels != 1:
                yield f"has {file.channels} channels, not one"
            if file.samplerate != rate_hz:
                yield f"has {file.samplerate} Hz, the noisy file {rate_hz} Hz"
            if file.frames != samples:
                yield f"has {file.frames} samples, the noisy file {samples}"
            decoded = sum(len(block) for block in file.blocks(65536, dtype="int16"))
            if decoded != file.frames:
                yield f"is damaged: only {decoded} of {file.frames} samples can be decoded"
    except (soundfile.SoundFileError, TypeError, ValueError, OSError) as error:
        yield f"is damaged: {_line(error)}"


def _content(file: zipfile.ZipFile, name: str, limit_bytes: int) -> bytes:
    size_bytes = file.getinfo(name).file_size
    if size_bytes > limit_bytes:  # before it fills the memory
        raise OSError(f"{size_bytes} bytes are too much")
    return file.read(name)


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)


def _line(error: Exception) -> str:
    return " ".join((getattr(error, "error_string", None) or str(error)).split()).rstrip(".")
