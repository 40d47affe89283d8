"""Text files that are there whole or not at all."""

import os
from pathlib import Path


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file under a temporary name in the same folder, then rename it.

    Args:
        path: target; its folder is made.
        text: the whole content.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
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
