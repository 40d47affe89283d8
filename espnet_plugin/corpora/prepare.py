"""The files of one corpus, checked and brought to the rate of their content; goes on where it stopped."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from espnet_plugin.atomic_write import remove_leftovers, write_text
from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.resample import resample
from espnet_plugin.audio.write import write_audio
from espnet_plugin.corpora.bandwidth import effective_bandwidth_hz, matching_rate_hz
from espnet_plugin.corpora.corpus import Corpus, Item, Source
from espnet_plugin.corpora.filters import check_tools, verdict
from espnet_plugin.errors import UserError
from espnet_plugin.worker_processes import in_processes

GROUPS = 4096  # folders of resampled files; millions of files in one folder are slow
FILES_PER_TRIP = 16  # to a worker and back


@dataclass(frozen=True, slots=True)
class Task:
    """One file of a corpus.

    Attributes:
        uid, path: of the item.
        resampled: where it goes if it needs another rate; None: it keeps its rate.
        bandwidth_hz: if it was estimated before.
        checks: see ``filters.verdict``.
    """

    uid: str
    path: str
    resampled: str | None
    bandwidth_hz: float | None
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file.

    Attributes:
        uid: of the item.
        origin: path, size and time of change of the file as it was read.
        path, rate_hz, samples: of the file to use.
        bandwidth_hz: of its content; None where it was not asked for.
        problem: why it cannot be used; empty where it can.
        judged: the problem is a quality check's; another run would find the same.
    """

    uid: str
    origin: tuple[str, int, int]
    path: str = ""
    rate_hz: int = 0
    samples: int = 0
    bandwidth_hz: float | None = None
    problem: str = ""
    judged: bool = False


def prepare(
    corpus: Corpus,
    items: Sequence[Item],
    folder: Path,
    bandwidths: Mapping[str, float] | None = None,
    checks: tuple[str, ...] = (),
    processes: int = 1,
    part: tuple[int, int] | None = None,
) -> tuple[list[Source], dict[str, str]]:
    """Check the files of one corpus and bring them to the rate that their content needs.

    Args:
        corpus: which.
        items: its files that are wanted.
        folder: of the whole preparation; gets ``resampled/CORPUS``, ``bandwidth/CORPUS.json`` (id -> [path,
            bandwidth in Hz]) and the journal ``CORPUS.jsonl``, from which a later call continues.
        bandwidths: stem -> bandwidth in Hz of files whose estimate is known.
        checks: quality checks, see ``filters``.
        processes: workers at most; few files are done in this one.
        part: (k, n) does the k-th of n shares, from 1, while other calls do the others; a call without a part
            then finds the work of all done.

    Returns:
        the files that can be used, in the order of `items`, and why others cannot (id -> reason).

    Raises:
        UserError: a package for the checks is missing, the disk is full, or a worker died.
    """
    from tqdm import tqdm

    check_tools(checks)
    if part is not None:
        items = [item for item in items if zlib.crc32(item.uid.encode()) % part[1] == part[0] - 1]
    known = _finished(folder, corpus.name)
    outcomes: dict[str, Outcome] = {}
    tasks = []
    for item in items:
        task = _task(corpus, item, folder, bandwidths or {}, checks)
        outcome = known.get(item.uid)
        if outcome is not None and _holds(outcome, task):
            outcomes[item.uid] = outcome
        else:
            tasks.append(task)
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / (f"{corpus.name}.jsonl" if part is None else f"{corpus.name}.{part[0]}.jsonl")
    with (
        journal.open("a", encoding="utf-8") as notes,
        tqdm(total=len(items), initial=len(outcomes), desc=corpus.name, unit="file") as bar,
    ):
        notes.write("\n")  # a kill may have cut the last note off
        for outcome in in_processes(prepare_file, tasks, processes, FILES_PER_TRIP):
            outcomes[outcome.uid] = outcome
            notes.write(json.dumps(asdict(outcome)) + "\n")
            notes.flush()
            bar.update()
    if part is None:
        remove_leftovers(folder / "resampled" / corpus.name)
        _write_bandwidths(folder / "bandwidth" / f"{corpus.name}.json", outcomes.values())
    left_out = {uid: outcome.problem for uid, outcome in outcomes.items() if outcome.problem}
    sources = [
        Source(item, corpus.name, Path(outcome.path), outcome.rate_hz, outcome.samples)
        for item, outcome in ((item, outcomes[item.uid]) for item in items)
        if not outcome.problem
    ]
    return sources, left_out


def prepare_file(task: Task) -> Outcome:
    """Check one file, estimate its bandwidth and resample it where it needs another rate.

    Raises:
        UserError: the resampled file cannot be written.
    """
    origin = _origin(task.path)
    try:
        samples, _, own_rate_hz = audio_info(task.path)
        if samples == 0:
            raise UserError(f"{task.path} has no samples")
        bandwidth_hz = task.bandwidth_hz
        keeps_rate = task.resampled is None or (
            bandwidth_hz is not None and matching_rate_hz(bandwidth_hz) == own_rate_hz
        )
        if keeps_rate and not task.checks:
            return Outcome(task.uid, origin, task.path, own_rate_hz, samples, bandwidth_hz)
        wave, _ = read_audio(task.path)
        if len(wave) == 0 or not np.isfinite(wave).all():
            raise UserError(f"{task.path} holds no samples, or some that are not finite")
        if bandwidth_hz is None:
            bandwidth_hz = effective_bandwidth_hz(wave, own_rate_hz)
        if bandwidth_hz is None:
            raise UserError(f"{task.path} is silent")
    except UserError as error:
        return Outcome(task.uid, origin, problem=str(error))
    rate_hz = own_rate_hz if keeps_rate else matching_rate_hz(bandwidth_hz)
    wave = resample(wave, own_rate_hz, rate_hz)
    problem = verdict(wave[:, 0], rate_hz, task.checks)
    if problem:
        return Outcome(task.uid, origin, bandwidth_hz=bandwidth_hz, problem=problem, judged=True)
    if rate_hz == own_rate_hz:
        return Outcome(task.uid, origin, task.path, rate_hz, samples, bandwidth_hz)
    write_audio(task.resampled, wave, rate_hz)
    return Outcome(task.uid, origin, task.resampled, rate_hz, len(wave), bandwidth_hz)


def _task(
    corpus: Corpus, item: Item, folder: Path, bandwidths: Mapping[str, float], checks: tuple[str, ...]
) -> Task:
    resampled = None
    if corpus.by_bandwidth:
        group = f"{zlib.crc32(item.uid.encode()) % GROUPS:03x}"
        resampled = str(folder / "resampled" / corpus.name / group / f"{item.uid}.wav")
    return Task(item.uid, str(item.path), resampled, bandwidths.get(item.path.stem), checks)


def _finished(folder: Path, name: str) -> dict[str, Outcome]:
    """What earlier calls noted down; the last note on a file counts, and one that a kill cut off does not."""
    outcomes: dict[str, Outcome] = {}
    for journal in (*sorted(folder.glob(f"{name}.*.jsonl")), folder / f"{name}.jsonl"):
        lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
        for line in lines:
            try:
                outcome = Outcome(**json.loads(line))
            except (ValueError, TypeError):
                continue
            outcomes[outcome.uid] = outcome
    return outcomes


def _holds(outcome: Outcome, task: Task) -> bool:
    """Whether an outcome of an earlier call still is what the task would give."""
    if list(outcome.origin) != list(_origin(task.path)) or (outcome.problem and not outcome.judged):
        return False
    if outcome.judged:
        return bool(task.checks)
    expected = (task.path, task.resampled)
    return outcome.path in expected and (outcome.path == task.path or Path(outcome.path).is_file())


def _origin(path: str) -> tuple[str, int, int]:
    try:
        status = Path(path).stat()
    except OSError:
        return path, -1, -1
    return path, status.st_size, status.st_mtime_ns


def _write_bandwidths(path: Path, outcomes: Iterable[Outcome]) -> None:
    table = {
        outcome.uid: [outcome.origin[0], outcome.bandwidth_hz]
        for outcome in outcomes
        if outcome.bandwidth_hz is not None
    }
    if table:
        write_text(path, json.dumps(dict(sorted(table.items())), indent=1, ensure_ascii=False) + "\n")
