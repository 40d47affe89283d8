"""What is to be enhanced: files, folders, lists, patterns, the standard input."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from espnet_plugin.audio.decode import DECODED_SUFFIXES
from espnet_plugin.audio.scp import AUDIO_SUFFIXES, audio_files, read_scp
from espnet_plugin.errors import UserError

#: Stands for the standard input.
STDIN = "-"
SUFFIXES = (*AUDIO_SUFFIXES, *DECODED_SUFFIXES)


@dataclass(frozen=True)
class Recording:
    """A file to enhance.

    Attributes:
        identifier: where its result belongs in the output folder, without suffix: of a file its stem, of a
            file in a folder or found by a pattern its place there, of a list what the list says.
        path: the file.
        problem: why it is none, in one line.
    """

    identifier: str
    path: Path
    problem: str = ""


def gather(inputs: Iterable[str | Path]) -> dict[str, Path]:
    """All recordings behind names of files, folders and lists, as id -> file.

    Raises:
        UserError: anything is missing, or two recordings have the same id.
    """
    recordings: dict[str, Path] = {}
    for recording in find_recordings(inputs):
        if recording.problem:
            raise UserError(recording.problem)
        if recording.identifier in recordings:
            both = f"{recordings[recording.identifier]} and {recording.path}"
            raise UserError(f"{both} share the name {recording.identifier}; leave one of them out")
        recordings[recording.identifier] = recording.path
    return recordings


def find_recordings(
    inputs: Iterable[str | Path], lists: Iterable[str | Path] = (), out_dir: Path | None = None
) -> Iterator[Recording]:
    """All recordings behind names; whether the files can be read is left to their turn.

    Args:
        inputs: files, folders (with their sub-folders, but not through links), lists (`.scp`), quoted
            patterns such as `rec/**/*.wav`.
        lists: files with one path or `id path` a line, or separated by NUL; `-` is the standard input.
        out_dir: results, which are no recordings even where they lie in one of the folders.

    Yields:
        Recordings; for a name without any, one with a problem.
    """
    finders = [(name, partial(_named, out_dir=out_dir)) for name in map(os.fspath, inputs)]
    finders += [(name, _listed) for name in map(os.fspath, lists)]
    for name, find in finders:
        try:
            yield from find(name)
        except UserError as error:
            yield Recording(Path(name).stem, Path(name), str(error))


def _named(name: str, out_dir: Path | None) -> Iterator[Recording]:
    path = Path(name)
    if path.is_dir():
        yield from _in_folder(path, out_dir)
    elif path.suffix == ".scp":
        yield from (Recording(*item) for item in read_scp(path).items())
    elif glob.has_magic(name) and not os.path.lexists(name):
        yield from _matching(name)
    elif path.is_file():
        yield Recording(path.stem, path)
    else:
        raise UserError(f"{path} does not exist or is no file; check the name")


def _in_folder(folder: Path, out_dir: Path | None) -> Iterator[Recording]:
    results = None if out_dir is None or out_dir.resolve() == folder.resolve() else out_dir.resolve()
    for path in audio_files(folder, SUFFIXES):
        if results is None or not path.resolve().is_relative_to(results):
            yield Recording(path.relative_to(folder).with_suffix("").as_posix(), path)


def _matching(pattern: str) -> Iterator[Recording]:
    parts = Path(pattern).parts
    fixed = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:fixed])
    files = [
        path
        for path in sorted(root.glob("/".join(parts[fixed:])))  # which does not follow links to folders
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]
    if not files:
        raise UserError(f"no audio file fits the pattern {pattern}")
    for path in files:
        yield Recording(path.relative_to(root).with_suffix("").as_posix(), path)


def _listed(name: str) -> Iterator[Recording]:
    try:
        content = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the list {name}: {error.strerror}") from error
    folder = Path() if name == STDIN else Path(name).parent
    separator = b"\0" if b"\0" in content else b"\n"
    lines = [line for line in map(os.fsdecode, content.split(separator)) if line.strip()]
    if not lines:
        raise UserError(f"the list {'on the standard input' if name == STDIN else name} is empty")
    for line in lines:
        line = line if separator == b"\0" else line.strip()
        whole = folder / line
        identifier, *rest = line.split(None, 1)
        if rest and not os.path.lexists(whole):
            yield Recording(identifier, folder / rest[0].strip())
        elif Path(line).is_absolute() or ".." in Path(line).parts:
            yield Recording(whole.stem, whole)
        else:
            yield Recording(PurePosixPath(line).with_suffix("").as_posix(), whole)


@contextmanager
def standard_input() -> Iterator[Path]:
    """What comes through the standard input, as a file, since audio is read from several places at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdin"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path
