"""Files that are there whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file under a temporary name in the same folder, then rename it.

    Args:
        path: target; its folder is made.
        text: the whole content.
    """
    write_lines(path, (text,))


def write_lines(path: str | Path, lines: Iterable[str]) -> None:
    """Write a UTF-8 text file that is too long for one piece, as `write_text`.

    Args:
        path: target; its folder is made.
        lines: with their line ends.
    """
    with _renamed(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(lines)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write any other file in the same way; arguments as of `write_text`."""
    with _renamed(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def _renamed(path: str | Path) -> Iterator[Path]:
    """A temporary name in the folder of a file, which becomes its own if all goes well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Jobs on several machines may write the same file under the same process number.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: str | Path) -> None:
    """Remove the temporary files that a killed run left below a folder.

    Args:
        folder: one that this package writes; it need not exist.
    """
    for leftover in Path(folder).rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)
