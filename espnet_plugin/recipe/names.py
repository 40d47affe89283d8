"""Names that are safe in lists: ids without blanks, set names that make good folder names."""

import re
from collections.abc import Iterable
from pathlib import Path

from espnet_plugin.errors import UserError

OWN_SETS = ("train", "valid", "test")


def list_id(stem: str) -> str:
    """The id of a file in lists: its relative path without suffix; folders and blanks become ``_``."""
    return re.sub(r"[\s/\\]+", "_", stem.strip())


def list_ids(files: dict[str, Path]) -> dict[str, Path]:
    """Give the files of a folder ids for lists.

    Args:
        files: relative path without suffix -> file.

    Returns:
        id -> file, sorted by id.

    Raises:
        UserError: two files would get the same id.
    """
    renamed: dict[str, Path] = {}
    for stem, path in files.items():
        identifier = list_id(stem)
        if identifier in renamed:
            raise UserError(
                f"{renamed[identifier]} and {path} would share the id {identifier}; rename one of them"
            )
        renamed[identifier] = path
    return dict(sorted(renamed.items()))


def parse_test_set(argument: str) -> tuple[str, Path, Path | None]:
    """Split ``NAME=NOISY_DIR[,CLEAN_DIR]``.

    A folder whose name holds a comma is understood where it exists.

    Returns:
        name, folder of noisy recordings, folder of references or None.

    Raises:
        UserError: another form, a name that makes no folder, or a folder that does not exist.
    """
    name, separator, folders = argument.partition("=")
    if not separator or not folders:
        raise UserError(f"--extra_test {argument}: the form is NAME=NOISY_DIR or NAME=NOISY_DIR,CLEAN_DIR")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError(
            f"--extra_test {argument}: the name '{name}' may hold letters, digits, '.', '_' and '-' only"
        )
    if name in OWN_SETS:
        raise UserError(f"--extra_test {argument}: the name '{name}' belongs to the corpus; choose another")
    for noisy, clean in _splits(folders):
        if Path(noisy).is_dir() and (clean is None or Path(clean).is_dir()):
            return name, Path(noisy), None if clean is None else Path(clean)
    noisy, _, clean = folders.partition(",")
    missing = noisy if not Path(noisy).is_dir() else clean
    raise UserError(f"--extra_test {name}: the folder {missing} does not exist; correct the path")


def parse_test_sets(arguments: Iterable[str]) -> dict[str, tuple[Path, Path | None]]:
    """Split several ``NAME=NOISY_DIR[,CLEAN_DIR]``; a name that comes twice is a ``UserError``."""
    sets: dict[str, tuple[Path, Path | None]] = {}
    for argument in arguments:
        name, noisy, clean = parse_test_set(argument)
        if name in sets:
            raise UserError(f"--extra_test {name} is given twice; choose two names")
        sets[name] = (noisy, clean)
    return sets


def _splits(folders: str):
    yield folders, None
    for position, character in enumerate(folders):
        if character == ",":
            yield folders[:position], folders[position + 1 :]
