"""Checkpoints that survive a kill at any moment: written aside, renamed, kept one generation back."""

import contextlib
import datetime
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

CURRENT = "checkpoint.pth"
PREVIOUS = "checkpoint.previous.pth"

#: ESPnet 202611 writes durations this way; 202511 pickles them, which a safe reader refuses.
_DURATION_KEY = "__timedelta_seconds__"


@contextlib.contextmanager
def atomic_saves() -> Iterator[None]:
    """Within this context ``torch.save`` to a path is atomic and keeps the previous ``checkpoint.pth``.

    ESPnet's trainer calls ``torch.save`` in the middle of its one long loop and offers no hook around it;
    the same holds for its averaging of models. Replacing the function for the duration of the training run
    is the smallest change that reaches both, and leaves no copy of ESPnet's loop here to fall out of date.
    """
    write = torch.save

    def save(content: Any, file: Any, *arguments: Any, **options: Any) -> None:
        if not isinstance(file, (str, os.PathLike)):
            write(content, file, *arguments, **options)
            return
        path = Path(file)
        partial = path.with_name(f".{path.name}.tmp")
        with open(partial, "wb") as stream:
            write(plain(content), stream, *arguments, **options)
            stream.flush()
            os.fsync(stream.fileno())
        if path.name == CURRENT and path.exists():
            _keep(path, path.with_name(PREVIOUS))
        os.replace(partial, path)

    torch.save = save
    try:
        yield
    finally:
        torch.save = write


def is_whole(path: Path) -> bool:
    """Whether a file written by ``torch.save`` is complete: its archive is closed and every member intact."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def recover(folder: Path) -> str | None:
    """Make ``checkpoint.pth`` in a folder readable, or absent.

    A damaged checkpoint is replaced by that of the epoch before. If that is no better, both are removed,
    so that the training starts over.

    Returns:
        A message for the user if something had to be done.
    """
    current, previous = folder / CURRENT, folder / PREVIOUS
    if is_whole(current):
        return None
    damaged = current.exists()
    if is_whole(previous):
        os.replace(previous, current)
        state = "is damaged" if damaged else "is missing"
        return f"{current} {state}; going on from the epoch before"
    current.unlink(missing_ok=True)
    previous.unlink(missing_ok=True)
    if not damaged:
        return None
    return f"{current} is damaged and there is none of the epoch before; the training starts over"


def plain(content: Any) -> Any:
    """The same nested content in tensors and plain Python values only, for ``weights_only=True``."""
    if isinstance(content, Mapping):
        return {plain(key): plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        items = [plain(value) for value in content]
        return items if isinstance(content, list) else tuple(items)
    if isinstance(content, np.generic):
        return content.item()
    if isinstance(content, datetime.timedelta):
        return {_DURATION_KEY: content.total_seconds()}
    return content


def with_durations(content: Any) -> Any:
    """Undo what ``plain`` does to durations."""
    if isinstance(content, Mapping):
        if set(content) == {_DURATION_KEY}:
            return datetime.timedelta(seconds=content[_DURATION_KEY])
        return {key: with_durations(value) for key, value in content.items()}
    return content


def _keep(path: Path, kept: Path) -> None:
    # A second name for the same bytes: there is a whole file under one of the two names at every moment.
    partial = kept.with_name(f".{kept.name}.tmp")
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)
    except OSError:
        shutil.copyfile(path, partial)  # some network file systems have no links
    os.replace(partial, kept)
    partial.unlink(missing_ok=True)  # renaming between two names of one file does nothing
