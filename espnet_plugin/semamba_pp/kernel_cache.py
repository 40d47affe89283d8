"""Compiled kernels on disk, which numba compares with the file of their function alone."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType

from numba import njit

from espnet_plugin.atomic_write import write_text

#: Beside the kernels: of which sources they were compiled.
STAMP = "kernels.sha256"


def forget_outdated(folders: Iterable[Path]) -> None:
    """Remove what was compiled from other sources, so that it is compiled again.

    A kernel takes in functions of other files, and numba would go on with the old ones.

    Args:
        folders: of sources that call each other.
    """
    folders = list(folders)
    content = hashlib.sha256()
    for source in sorted(source for folder in folders for source in folder.glob("*.py")):
        content.update(source.read_bytes())
    for folder in folders:
        place = cache_folder(folder)
        if place is None:
            continue
        stamp = place / STAMP
        try:
            if stamp.is_file() and stamp.read_text() == content.hexdigest():
                continue
            for kernel in place.glob("*.nb[ic]"):  # indices and code
                kernel.unlink(missing_ok=True)
            write_text(stamp, content.hexdigest())
        except OSError:
            continue  # not ours


def cache_folder(folder: Path) -> Path | None:
    """Where numba keeps what it compiles of a folder of sources; None for nowhere.

    That is below $NUMBA_CACHE_DIR if it is set, else in ``__pycache__``, or where that cannot be written to,
    in the user's folder of such files. numba tells it of functions only, so it is asked about one that nobody
    calls.
    """
    source = next(folder.glob("*.py"), None)
    if source is None:
        return None
    code = cache_folder.__code__.replace(co_filename=str(source))
    try:
        return Path(njit(cache=True)(FunctionType(code, {})).stats.cache_path)
    except (AttributeError, RuntimeError):  # numba is switched off, or finds no such place
        return None
