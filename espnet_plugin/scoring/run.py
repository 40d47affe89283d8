"""Scores of a whole set of files, written as they come and never computed twice."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.audio.scp import find_audio, read_scp
from espnet_plugin.errors import UserError
from espnet_plugin.scoring.ledger import Ledger, fingerprint
from espnet_plugin.scoring.metric import Column, Metric, Unavailable
from espnet_plugin.scoring.pool import Workers
from espnet_plugin.scoring.registry import METRICS, choose, make
from espnet_plugin.scoring.summary import CONFIDENCE, Summary, summarise
from espnet_plugin.scoring.worker import Task

WRITE_EVERY_S = 10.0


@dataclass
class Scores:
    """The scores of one set.

    Attributes:
        columns: what was scored, in the order of tables.
        values: column name -> id -> value; NaN where the metric has none.
        notes: metric -> id -> why there is no value.
        unavailable: metric -> why it could not be computed at all.
        errors: id -> why the file could not be scored.
    """

    columns: list[Column] = field(default_factory=list)
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    unavailable: dict[str, Unavailable] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def summary(self, column: str) -> Summary:
        return summarise(self.values[column].values())

    @property
    def files(self) -> int:
        """How many files were scored."""
        return len({identifier for values in self.values.values() for identifier in values})


def read_files(place: str | Path) -> dict[str, Path]:
    """id -> file from a two-column list or from a folder.

    Raises:
        UserError: neither of them is there, or it is empty.
    """
    place = Path(place)
    if not place.exists():
        raise UserError(f"{place} does not exist; give a list (id path) or a folder of audio files")
    return find_audio(place) if place.is_dir() else read_scp(place)


def score_files(
    estimates: Mapping[str, Path],
    references: Mapping[str, Path] | None,
    output_dir: str | Path,
    metrics: Iterable[str] | None = None,
    workers: Workers | None = None,
    force: bool = False,
    label: str = "scoring",
) -> Scores:
    """Score files and write `<COLUMN>.scp`, `scores.json` and the record `scores.jsonl`.

    What the record holds from an earlier or killed run is kept unless a file or the metric has changed.

    Args:
        estimates: id -> file to be scored.
        references: id -> clean file of the same rate and length; None for metrics without reference only.
        output_dir: made if needed.
        metrics: names; None for all that fit.
        workers: processes to compute in; None computes in this one.
        force: compute everything anew.
        label: words in front of the progress bar.

    Returns:
        the scores. Files that could not be scored are in `errors` and in `scores.json`.

    Raises:
        UserError: no common id, an unknown metric, or none that can be computed here.
    """
    output_dir = Path(output_dir)
    workers = workers or Workers(0)
    scores = Scores()
    usable = _usable(choose(metrics), references is not None, metrics is not None, scores)
    pairs = _pairs(estimates, references, scores)
    ledger = Ledger(output_dir / "scores.jsonl")
    fingerprints = {name: _fingerprints(metric, pairs) for name, metric in usable.items()}
    tasks = _open_tasks(pairs, fingerprints, ledger, force)
    _keep_complete(pairs, references is not None, usable, fingerprints, ledger)
    scores.columns = [column for name in METRICS if name in usable for column in usable[name].columns]
    scores.values = {column.name: {} for column in scores.columns}
    to_do = {(task.identifier, name) for task in tasks for name in task.metrics}
    for name, metric in usable.items():
        for identifier, of in fingerprints[name].items():
            if (identifier, name) not in to_do:
                entry = ledger.find(identifier, name, of)
                _note(scores, metric, identifier, entry["values"], entry["note"])

    output_dir.mkdir(parents=True, exist_ok=True)
    try:
        written_at = time.monotonic()
        for outcome in _with_progress(workers.outcomes(tasks), len(tasks), label):
            if outcome.error:
                scores.errors[outcome.identifier] = outcome.error
            for name, values in outcome.values.items():
                note = outcome.notes.get(name)
                ledger.add(outcome.identifier, name, fingerprints[name][outcome.identifier], values, note)
                _note(scores, usable[name], outcome.identifier, values, note)
            if time.monotonic() - written_at > WRITE_EVERY_S:
                _write_lists(output_dir, scores)
                written_at = time.monotonic()
        ledger.compact(pairs)
    finally:
        ledger.close()
        _write_lists(output_dir, scores)
    _write_json(output_dir / "scores.json", scores)
    return scores


def _usable(chosen: list[str], referenced: bool, named: bool, scores: Scores) -> dict[str, Metric]:
    """The metrics that can be computed; the others go to `scores.unavailable`."""
    usable = {}
    for name in chosen:
        metric = make(name)
        if metric.needs_reference and not referenced:
            if named:
                scores.unavailable[name] = Unavailable("it needs clean references", "give --ref_scp")
            continue
        missing = metric.available()
        if missing:
            scores.unavailable[name] = missing
        else:
            usable[name] = metric
    if not usable:
        reasons = [f"{name}: {why.reason} ({why.remedy})" for name, why in scores.unavailable.items()]
        raise UserError(f"no metric can be computed here; {'; '.join(reasons)}")
    return usable


def _pairs(
    estimates: Mapping[str, Path], references: Mapping[str, Path] | None, scores: Scores
) -> dict[str, tuple[Path, ...]]:
    """id -> (estimate, reference) or (estimate,); what has no partner or is not there goes to the errors."""
    pairs: dict[str, tuple[Path, ...]] = {}
    for identifier in sorted(set(estimates) | set(references or ())):
        if identifier not in estimates:
            scores.errors[identifier] = "no file to be scored has this id"
        elif references is not None and identifier not in references:
            scores.errors[identifier] = "no reference has this id"
        else:
            files = [estimates[identifier]] + ([] if references is None else [references[identifier]])
            gone = [str(file) for file in files if not Path(file).is_file()]
            if gone:
                scores.errors[identifier] = f"{gone[0]} does not exist"
            else:
                pairs[identifier] = tuple(Path(file) for file in files)
    if not pairs:
        identifier, reason = next(iter(scores.errors.items()))
        count = len(scores.errors)
        raise UserError(f"there is nothing to score: {count} ids, the first is {identifier}: {reason}")
    return pairs


def _fingerprints(metric: Metric, pairs: Mapping[str, tuple[Path, ...]]) -> dict[str, str]:
    """id -> fingerprint of what this metric's scores of that id depend on."""
    settings = metric.settings()
    files = 2 if metric.needs_reference else 1
    return {identifier: fingerprint(settings, *pair[:files]) for identifier, pair in pairs.items()}


def _open_tasks(pairs, fingerprints: dict[str, dict[str, str]], ledger: Ledger, force: bool) -> list[Task]:
    """A task for each file with metrics that the ledger lacks."""
    tasks = []
    for identifier, pair in pairs.items():
        missing = tuple(
            name
            for name, of in fingerprints.items()
            if force or not ledger.find(identifier, name, of[identifier])
        )
        if missing:
            tasks.append(Task(identifier, pair[0], pair[1] if len(pair) > 1 else None, missing))
    return tasks


def _keep_complete(pairs, referenced: bool, usable: dict[str, Metric], fingerprints, ledger: Ledger) -> None:
    """Take in metrics that were not asked for now but are complete from an earlier call."""
    for name in METRICS:
        metric = make(name)
        if name in usable or (metric.needs_reference and not referenced) or metric.available():
            continue
        of = _fingerprints(metric, pairs)
        if all(ledger.find(identifier, name, text) for identifier, text in of.items()):
            usable[name] = metric
            fingerprints[name] = of


def _note(scores: Scores, metric: Metric, identifier: str, values: Iterable[float], note: str | None) -> None:
    for column, value in zip(metric.columns, values, strict=True):
        scores.values[column.name][identifier] = value
    if note:
        scores.notes.setdefault(metric.columns[0].name, {})[identifier] = note


def _with_progress(stream, total: int, label: str):
    if total == 0:
        return
    from tqdm import tqdm

    with tqdm(stream, desc=label, total=total, unit="file", mininterval=0.5) as bar:
        yield from bar


def _write_lists(output_dir: Path, scores: Scores) -> None:
    for column, values in scores.values.items():
        lines = (f"{identifier} {value!r}\n" for identifier, value in sorted(values.items()))
        write_text(output_dir / f"{column}.scp", "".join(lines))


def _write_json(path: Path, scores: Scores) -> None:
    columns = {}
    for column in scores.columns:
        summary = scores.summary(column.name)
        interval = [summary.mean - summary.margin, summary.mean + summary.margin]
        columns[column.name] = {
            "mean": _number(summary.mean),
            "confidence_interval": [_number(edge) for edge in interval],
            "count": summary.count,
            "nan": summary.nan,
            "better": column.better,
            "unit": column.unit,
        }
    document = {
        "files": scores.files,
        "confidence": CONFIDENCE,
        "metrics": columns,
        "unavailable": {name: vars(why) for name, why in scores.unavailable.items()},
        "without_value": scores.notes,
        "errors": scores.errors,
    }
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON knows no NaN
