"""Compiled kernels on disk, which numba compares with the file of their function alone."""

from collections.abc import Iterable
from pathlib import Path


def forget_outdated(folders: Iterable[Path]) -> None:
    """Remove what was compiled before the newest source, so that it is compiled again.

    A kernel takes in functions of other files, and numba would go on with the old ones.

    Args:
        folders: of sources that call each other; numba keeps what it compiles in their ``__pycache__``. Where
            that cannot be written to, numba has another place, which is not looked at.
    """
    folders = list(folders)
    newest = max(source.stat().st_mtime for folder in folders for source in folder.glob("*.py"))
    for folder in folders:
        for index in (folder / "__pycache__").glob("*.nbi"):
            try:
                if index.stat().st_mtime < newest:
                    index.unlink()
            except OSError:
                continue  # another process was faster, or it is not ours
