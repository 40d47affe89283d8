"""Lists of audio files: Kaldi's two-column `scp` files, and folders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")


def read_scp(path: str | Path) -> dict[str, Path]:
    """Read a list with one `id path` per line.

    Args:
        path: the list, UTF-8. The id ends at the first blank, the rest of the line is the path; relative
            paths count from the folder of the list. Empty lines are skipped.

    Returns:
        id -> path in the order of the list; the files need not exist.

    Raises:
        UserError: missing or empty list, a line without a path, an id that comes twice, or a shell pipe.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the list {path}: {' '.join(str(error).split())}") from error
    files: dict[str, Path] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        identifier, target = (line.split(None, 1) + [""])[:2]
        target = target.strip()
        if not target:
            raise UserError(f"{path}, line {number}: expected 'id path', found '{line.strip()}'")
        if target.endswith("|"):
            raise UserError(f"{path}, line {number}: shell pipes are not run; write plain audio files first")
        if identifier in files:
            raise UserError(f"{path}, line {number}: the id {identifier} comes twice; ids must be unique")
        files[identifier] = path.parent / target
    if not files:
        raise UserError(f"the list {path} is empty")
    return files


def write_scp(path: str | Path, mapping: Mapping[str, str | Path]) -> None:
    """Write a list with one `id path` per line, sorted by id, under a temporary name first.

    Args:
        path: the list to write; an existing one is replaced.
        mapping: id -> file; relative files count from the working folder and are written as absolute paths.

    Raises:
        UserError: an id that is empty or holds a blank, or a path with a line break.
    """
    path = Path(path)
    lines = []
    for identifier, target in sorted(mapping.items()):
        if identifier.split() != [identifier]:
            raise UserError(f"{path}: the id '{identifier}' is empty or holds a blank; rename it")
        if "\n" in str(target) or "\r" in str(target):
            raise UserError(f"{path}: the path of {identifier} holds a line break; rename the file")
        lines.append(f"{identifier} {Path(target).absolute()}\n")
    write_text(path, "".join(lines))


def find_audio(folder: str | Path) -> dict[str, Path]:
    """Find all audio files below a folder.

    Args:
        folder: searched with its sub-folders; names that start with a dot are passed over.

    Returns:
        id -> path, sorted by id; the id is the path inside the folder without its suffix, such as
        `speaker1/take_3`.

    Raises:
        UserError: no such folder, no audio file in it, or two files that differ in their suffix only.
    """
    folder = Path(folder)
    found: dict[str, Path] = {}
    for path in audio_files(folder):
        identifier = path.relative_to(folder).with_suffix("").as_posix()
        if identifier in found:
            both = f"{found[identifier]} and {path}"
            raise UserError(f"{both} would share the name {identifier}; keep one of them")
        found[identifier] = path
    return dict(sorted(found.items()))


def audio_files(folder: Path, suffixes: Collection[str] = AUDIO_SUFFIXES) -> list[Path]:
    """All audio files below a folder, sorted; names that start with a dot are passed over.

    Raises:
        UserError: no such folder, or no audio file in it.
    """
    if not folder.is_dir():
        raise UserError(f"the folder {folder} does not exist")
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in suffixes
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise UserError(f"the folder {folder} holds no audio file ({' '.join(suffixes)})")
    return found
