"""Rendering of audio: each line of `meta.tsv` becomes a degraded and a clean file."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from espnet_plugin.atomic_write import remove_leftovers, write_text
from espnet_plugin.audio.write import write_audio
from espnet_plugin.end_with_parent import end_with_parent
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.augmentation import parse_augmentations
from espnet_plugin.simulation.draw import AUDIO_FOLDERS, RENDERED_FILE, SETTINGS_FILE, without_draw_keys
from espnet_plugin.simulation.resampling import check_resampy
from espnet_plugin.simulation.meta import NONE, Row, read_meta
from espnet_plugin.simulation.mixture import common_gain, degrade
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.settings import load_settings
from espnet_plugin.simulation.sources import Corpus, Source, read_corpus
from espnet_plugin.simulation.whole_audio import whole_audio

FAILED_FILE = "failed.txt"
ROWS_PER_TRIP = 8  # to a worker and back
ROWS_PER_WORKER = 100  # fewer take less time than its start


@dataclass(frozen=True)
class Rendered:
    """What `render` did: files made now, there already, and failed (listed in `failed.txt`)."""

    made: int
    already_there: int
    failed: int


@dataclass(frozen=True)
class Task:
    """All that a worker needs for one row; workers never see the lists of the whole corpus."""

    row: Row
    speech: Source
    noise: Source | None
    response: Source | None
    seed: int
    noisy: Path
    clean: Path


def render(config: str | Path, meta: str | Path, output_dir: str | Path, workers: int = 1) -> Rendered:
    """Render the audio of a simulated set; what is whole already is left alone.

    A source file that cannot be used is reported on stderr, listed in `failed.txt` and skipped; the next call
    tries it again.

    Args:
        config: the YAML file that `meta` was drawn with.
        meta: the table of `draw`, with `settings.json` beside it.
        output_dir: gets the folders `noisy` and `clean`.
        workers: processes at most; few files are rendered in this one.

    Raises:
        UserError: the configuration or the corpus changed since the drawing, the audio in `output_dir`
            belongs to another table, or a worker died.
    """
    from tqdm import tqdm

    meta, output_dir = Path(meta), Path(output_dir)
    if workers < 1:
        raise UserError(f"the number of processes must be at least 1, not {workers}")
    rows = read_meta(meta)
    record = _read_record(meta)
    _check_config(config, record, meta)
    corpus = _unchanged_corpus(record, meta)
    check_resampy(
        augmentation.parameters["method"]
        for row in rows
        for augmentation in parse_augmentations(row.augmentation)
        if augmentation.name == "bandwidth_limitation"
    )
    _claim(output_dir, meta)

    tasks = [_task(row, corpus, record["seed"], output_dir, meta) for row in rows]
    pending = [task for task in tasks if not _is_rendered(task)]
    there = len(tasks) - len(pending)
    failures: dict[str, str] = {}
    with tqdm(total=len(tasks), initial=there, desc=output_dir.name, unit="file") as bar:
        for identifier, reason in _run(pending, workers):
            bar.update()
            if reason is not None:
                failures[identifier] = reason
                bar.write(f"{identifier} skipped: {reason}", file=sys.stderr)
    for name in AUDIO_FOLDERS:
        remove_leftovers(output_dir / name)
    if failures:
        write_text(
            output_dir / FAILED_FILE, "".join(f"{key}\t{reason}\n" for key, reason in failures.items())
        )
    else:
        (output_dir / FAILED_FILE).unlink(missing_ok=True)
    return Rendered(len(pending) - len(failures), there, len(failures))


def render_task(task: Task) -> tuple[str, str | None]:
    """Render one row.

    Returns:
        id, and the reason why it failed or None.
    """
    try:
        noisy, clean = _waves(task)
        # The clean file comes last, so a pair whose clean file is whole is whole.
        write_audio(task.noisy, noisy, task.row.rate_hz)
        write_audio(task.clean, clean, task.row.rate_hz)
    except (UserError, ValueError) as error:
        return task.row.id, " ".join(str(error).split())
    return task.row.id, None


def _waves(task: Task) -> tuple[np.ndarray, np.ndarray]:
    row = task.row
    clean = task.speech.read(row.rate_hz)
    if len(clean) != row.samples:
        raise UserError(
            f"{task.speech.path} has changed since the table was drawn; draw it again with --force"
        )
    if not clean.any():
        raise UserError(f"{task.speech.path} is silent; remove it from its list")
    # Where in the noise to start is no column of the table; these names make it the same in each rendering.
    random = random_stream(task.seed, row.speech_uid, row.noise_uid, row.snr_db, "position")
    noisy = degrade(
        clean,
        row.rate_hz,
        response=task.response.read(row.rate_hz) if task.response else None,
        noise=task.noise.read(row.rate_hz) if task.noise else None,
        snr_db=row.snr_db or 0.0,
        noise_position=random.random(),
        augmentations=parse_augmentations(row.augmentation),
    )
    gain = common_gain(noisy, clean)
    return gain * noisy, gain * clean


def _run(tasks: list[Task], workers: int) -> Iterator[tuple[str, str | None]]:
    workers = min(workers, len(tasks) // ROWS_PER_WORKER)
    if workers < 2:
        yield from map(render_task, tasks)
        return
    # Fresh processes: a fork of one that has threads (BLAS, numba) may hang.
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent)
    try:
        yield from executor.map(render_task, tasks, chunksize=ROWS_PER_TRIP)
    except BrokenProcessPool:
        raise UserError(
            "a process died, probably for lack of memory; run the same command again, with a smaller --nj"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _task(row: Row, corpus: Corpus, seed: int, output_dir: Path, meta: Path) -> Task:
    try:
        return Task(
            row=row,
            speech=corpus.speech[row.speech_uid],
            noise=None if row.noise_uid == NONE else corpus.noises[row.noise_uid],
            response=None if row.rir_uid == NONE else corpus.responses[row.rir_uid],
            seed=seed,
            noisy=output_dir / row.noisy_path,
            clean=output_dir / row.clean_path,
        )
    except KeyError as error:
        raise UserError(
            f"{meta}: {row.id} names {error}, which {corpus.folder} does not have; draw again"
        ) from None


def _is_rendered(task: Task) -> bool:
    wanted = (task.row.samples, 1, task.row.rate_hz)
    return all(whole_audio(path) == wanted for path in (task.clean, task.noisy))


def _read_record(meta: Path) -> dict:
    path = meta.with_name(SETTINGS_FILE)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{path} cannot be read; draw again with --force: urgent26 simulate draw") from None


def _check_config(config: str | Path, record: dict, meta: Path) -> None:
    _, plain = load_settings(config)
    if without_draw_keys(plain) != record["config"]:
        raise UserError(
            f"{meta} was drawn with another configuration than {config}; name that one, or draw again"
        )


def _unchanged_corpus(record: dict, meta: Path) -> Corpus:
    corpus = read_corpus(record["corpus"])
    if corpus.fingerprint != record["lists"]:
        raise UserError(
            f"the lists in {corpus.folder} changed since {meta} was drawn; draw again with --force"
        )
    return corpus


def _claim(output_dir: Path, meta: Path) -> None:
    """Note which table the audio belongs to; that of another one would have the same names."""
    claim = {"meta": hashlib.sha256(meta.read_bytes()).hexdigest()}
    path = output_dir / RENDERED_FILE
    audio = [output_dir / name for name in AUDIO_FOLDERS if (output_dir / name).exists()]
    if audio:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != claim:
            raise UserError(
                f"the audio in {output_dir} belongs to another table than {meta}; draw again with --force, "
                "or name another folder"
            )
    write_text(path, json.dumps(claim) + "\n")
