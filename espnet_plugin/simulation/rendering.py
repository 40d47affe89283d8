"""The work around rendered audio: processes, going on where a run stopped, files that cannot be made."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_plugin.atomic_write import remove_leftovers, write_text
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.draw import RENDERED_FILE
from espnet_plugin.simulation.meta import Row
from espnet_plugin.simulation.whole_audio import whole_audio
from espnet_plugin.worker_processes import in_processes

FAILED_FILE = "failed.txt"
# To a worker and back, at most: a trip shares processes of ffmpeg, and its waves are all in memory.
ITEMS_PER_TRIP, SAMPLES_PER_TRIP = 64, 2**23
ITEMS_PER_WORKER = 100  # fewer take less time than its start
FULL_DISK_BYTES = 2**20  # libsndfile does not say why it could not write


@dataclass(frozen=True)
class Rendered:
    """What a rendering did: items made now, there already, and failed (listed in `failed.txt`)."""

    made: int
    already_there: int
    failed: int


@dataclass(frozen=True)
class Item:
    """All that a worker needs for one row of the table; workers never see the lists of the whole corpus.

    Attributes:
        id: of the row.
        rate_hz, samples: of all its files.
        paths: the files to be written. An item whose last file is whole is whole.
    """

    id: str
    rate_hz: int
    samples: int
    paths: tuple[Path, ...]

    @classmethod
    def waves_of(cls, items: Sequence[Item]) -> Iterable[Sequence[np.ndarray] | Exception]:
        """What the files of several items hold: (samples,) for each of `paths`, or why it cannot be made."""
        raise NotImplementedError

    def is_there(self) -> bool:
        """Whether all files are there, whole and of the right size."""
        wanted = (self.samples, 1, self.rate_hz)
        return all(whole_audio(path) == wanted for path in reversed(self.paths))


def render_items(
    items: Sequence[Item], output_dir: Path, workers: int, part: tuple[int, int] | None = None
) -> Rendered:
    """Write the audio of all items; what is whole already is left alone.

    An item that cannot be made is reported on stderr, listed in `failed.txt` and skipped; the next call tries
    it again.

    Args:
        items: of this call.
        output_dir: the folder of the set.
        workers: processes at most; few items are rendered in this one.
        part: which of how many calls this is (from 1), where others may be at work on other items of the
            same folder.

    Raises:
        UserError: the disk is full, or a worker died.
    """
    from tqdm import tqdm

    pending = [item for item in items if not item.is_there()]
    there = len(items) - len(pending)
    failures: dict[str, str] = {}
    with tqdm(total=len(items), initial=there, desc=output_dir.name, unit="file") as bar:
        for identifier, reason in _run(pending, workers):
            bar.update()
            if reason is not None:
                failures[identifier] = reason
                bar.write(f"{identifier} skipped: {reason}", file=sys.stderr)
    failed = output_dir / failed_file(part)
    if part is None:
        # Temporary files of other parts may be in use; those of killed ones wait for the call for the whole.
        for folder in _folders(items):
            remove_leftovers(folder)
        for old in output_dir.glob("failed*.txt"):
            old.unlink()
    if failures:
        write_text(failed, "".join(f"{key}\t{reason}\n" for key, reason in failures.items()))
    else:
        failed.unlink(missing_ok=True)
    return Rendered(len(pending) - len(failures), there, len(failures))


def render_trip(items: Sequence[Item]) -> list[tuple[str, str | None]]:
    """Render some items, all of the same kind.

    Returns:
        for each its id, and the reason why it failed or None.

    Raises:
        UserError: the disk is full; so no other item could be written either.
    """
    return [
        (item.id, _written(item, waves))
        for item, waves in zip(items, type(items[0]).waves_of(items), strict=True)
    ]


def _written(item: Item, waves: Sequence[np.ndarray] | Exception) -> str | None:
    try:
        if isinstance(waves, Exception):
            raise waves
        for path, wave in zip(item.paths, waves, strict=True):
            write_audio(path, wave, item.rate_hz)
    except Exception as error:  # whatever is wrong with one of a million files must not end the run
        if full := _full_disk(error, item.paths[0].parent):
            raise UserError(
                f"the disk of {full} is full; make room and run the same command again"
            ) from error
        kind = "" if isinstance(error, (UserError, ValueError)) else f"{type(error).__name__}: "
        return kind + " ".join(str(error).split())
    return None


def failed_file(part: tuple[int, int] | None = None) -> str:
    """Name of the list of items that a call could not make; each part has one of its own."""
    return FAILED_FILE if part is None else f"failed.{part[0]}.txt"


def share_of(rows: list[Row], workers: int, part: tuple[int, int] | None) -> list[Row]:
    """The rows of one call: every n-th of n calls, so that all have rows of all sampling rates.

    Args:
        rows: of the table.
        workers: processes of the call, checked here.
        part: which of how many calls, from 1; None: all rows.

    Raises:
        UserError: a number below 1, or no such part.
    """
    if workers < 1:
        raise UserError(f"the number of processes must be at least 1, not {workers}")
    job, jobs = part or (1, 1)
    if not 1 <= job <= jobs:
        raise UserError(f"there is no job {job} of {jobs}; jobs count from 1")
    return rows[job - 1 :: jobs]


def claim(items: Sequence[Item], output_dir: Path, meta: Path, **options: object) -> None:
    """Note which table the audio belongs to; that of another one would have the same names.

    Args:
        items: of the call that is to come.
        output_dir: the folder of the set.
        meta: the table.
        options: what else the audio depends on.

    Raises:
        UserError: the folder has audio of another table, or of other options.
    """
    entry = {"meta": hashlib.sha256(meta.read_bytes()).hexdigest(), **options}
    path = output_dir / RENDERED_FILE
    if any(folder.exists() for folder in _folders(items)):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != entry:
            raise UserError(
                f"the audio in {output_dir} belongs to another table than {meta}, or to other options; draw "
                "again with --force, or name another folder"
            )
    write_text(path, json.dumps(entry) + "\n")


def _folders(items: Sequence[Item]) -> set[Path]:
    """Such as `noisy` and `clean`; files lie one folder deeper."""
    return {path.parent.parent for item in items for path in item.paths}


def _run(items: list[Item], workers: int) -> Iterator[tuple[str, str | None]]:
    workers = max(1, min(workers, len(items) // ITEMS_PER_WORKER))
    trips = _trips(items, ITEMS_PER_TRIP if workers == 1 else -(-len(items) // (4 * workers)))
    outcomes = in_processes(render_trip, trips, workers, tasks_per_trip=1, tasks_per_worker=1)
    yield from itertools.chain.from_iterable(outcomes)


def _trips(items: Sequence[Item], most: int) -> list[list[Item]]:
    """Items in groups of at most so many, and of at most so many samples as the memory should hold."""
    trips: list[list[Item]] = []
    samples = 0
    for item in items:
        samples += item.samples
        if not trips or len(trips[-1]) >= min(most, ITEMS_PER_TRIP) or samples > SAMPLES_PER_TRIP:
            trips.append([])
            samples = item.samples
        trips[-1].append(item)
    return trips


def _full_disk(error: BaseException | None, folder: Path) -> str | None:
    """The place on a full disk that an error is about, if that is its reason."""
    from soundfile import SoundFileError

    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return str(error.filename or folder)
        if isinstance(error, SoundFileError) and folder.exists():
            if shutil.disk_usage(folder).free < FULL_DISK_BYTES:
                return str(folder)
        error = error.__cause__
    return None
