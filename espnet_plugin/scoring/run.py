"""Scores of a whole set of files, written as they come and never computed twice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from espnet_plugin.audio.scp import find_audio, read_scp
from espnet_plugin.errors import UserError
from espnet_plugin.scoring.breakdown import Groups
from espnet_plugin.scoring.ledger import Ledger, fingerprint
from espnet_plugin.scoring.metric import Metric, Setup, Unavailable
from espnet_plugin.scoring.pool import Workers
from espnet_plugin.scoring.registry import METRICS, choose, make
from espnet_plugin.scoring.scores import Scores
from espnet_plugin.scoring.worker import Task

WRITE_EVERY_S = 10.0
LABEL_OPTIONS = {"language": "--utt2lang", "text": "--text"}

Labels = Mapping[str, Mapping[str, str]]


def read_files(place: str | Path) -> dict[str, Path]:
    """id -> file from a two-column list or from a folder.

    Raises:
        UserError: neither of them is there, or it is empty.
    """
    place = Path(place)
    if not place.exists():
        raise UserError(f"{place} does not exist; give a list (id path) or a folder of audio files")
    return find_audio(place) if place.is_dir() else read_scp(place)


def read_labels(path: str | Path) -> dict[str, str]:
    """id -> label from a list as Kaldi writes it: `id eng`, or `id the words of a transcript`.

    Raises:
        UserError: it cannot be read, or it is empty.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    parts = [line.split(maxsplit=1) for line in lines if line.strip()]
    if not parts:
        raise UserError(f"{path} is empty; it must have lines of an id and its label")
    return {part[0]: part[1].strip() if len(part) > 1 else "" for part in parts}


def score_files(
    estimates: Mapping[str, Path],
    references: Mapping[str, Path] | None,
    output_dir: str | Path,
    metrics: Iterable[str] | None = None,
    workers: Workers | None = None,
    force: bool = False,
    label: str = "scoring",
    labels: Labels | None = None,
    groups: dict[str, Groups] | None = None,
    setup: Setup | None = None,
    require: Iterable[str] = (),
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
        labels: "language" and "text" -> id -> ISO 639-3 code and transcript, for metrics that need them.
        groups: heading -> group -> ids, for the breakdowns in `scores.json`.
        setup: where weights lie and which device computes; None for the defaults.
        require: metrics without which the call is an error; they need not be in `metrics`.

    Returns:
        the scores. Files that could not be scored are in `errors` and in `scores.json`.

    Raises:
        UserError: no common id, an unknown metric, one that is required and cannot be computed here, or none
            that can.
    """
    output_dir = Path(output_dir)
    workers = workers or Workers(0)
    labels, setup, required = labels or {}, setup or Setup(), set(require)
    chosen = choose(metrics if metrics is None else [*metrics, *required])
    scores = Scores(groups=groups or {})
    usable = _usable(chosen, references is not None, labels, metrics is not None or bool(required), setup, scores)
    _demand(choose(required) if required else [], scores)
    pairs = _pairs(estimates, references, scores)
    ledger = Ledger(output_dir / "scores.jsonl")
    fingerprints = {name: _fingerprints(metric, pairs, labels) for name, metric in usable.items()}
    missing = _missing(pairs, fingerprints, ledger, force)
    _keep_complete(pairs, references is not None, labels, setup, usable, fingerprints, ledger)
    scores.columns = [column for name in METRICS if name in usable for column in usable[name].columns]
    scores.values = {column.name: {} for column in scores.columns}
    for name, metric in usable.items():
        for identifier, of in fingerprints[name].items():
            if identifier not in missing.get(name, ()):
                entry = ledger.find(identifier, name, of)
                _note(scores, metric, identifier, entry["values"], entry["note"])

    output_dir.mkdir(parents=True, exist_ok=True)
    try:
        written_at = time.monotonic()
        for words, names in _passes(label, usable, missing):
            tasks = _tasks(pairs, labels, setup, missing, names)
            processes = min(workers.processes_for(usable[name], setup.device) for name in names)
            for outcome in _with_progress(workers.outcomes(tasks, processes), len(tasks), words):
                if outcome.error:
                    scores.errors[outcome.identifier] = outcome.error
                for name, values in outcome.values.items():
                    note = outcome.notes.get(name)
                    ledger.add(outcome.identifier, name, fingerprints[name][outcome.identifier], values, note)
                    _note(scores, usable[name], outcome.identifier, values, note)
                if time.monotonic() - written_at > WRITE_EVERY_S:
                    scores.write_lists(output_dir)
                    written_at = time.monotonic()
        ledger.compact(pairs)
    finally:
        ledger.close()
        scores.write_lists(output_dir)
    scores.write_json(output_dir / "scores.json")
    return scores


def _usable(
    chosen: list[str], referenced: bool, labels: Labels, named: bool, setup: Setup, scores: Scores
) -> dict[str, Metric]:
    """The metrics that can be computed; the others go to `scores.unavailable`."""
    usable = {}
    for name in chosen:
        metric = make(name, setup)
        lacking = _lacking(metric, referenced, labels)
        if lacking is not None:
            if named:
                scores.unavailable[name] = lacking
            continue
        missing = metric.available()
        if missing:
            scores.unavailable[name] = missing
        else:
            usable[name] = metric
    if not usable:
        raise UserError(f"no metric can be computed here; {_reasons(scores, scores.unavailable)}")
    return usable


def _lacking(metric: Metric, referenced: bool, labels: Labels) -> Unavailable | None:
    """What the user has not given."""
    if metric.needs_reference and not referenced:
        return Unavailable("it needs clean references", "give --ref_scp")
    for kind in metric.labels:
        if kind not in labels:
            return Unavailable(f"it needs the {kind} of each file", f"give {LABEL_OPTIONS[kind]}")
    return None


def _demand(required: list[str], scores: Scores) -> None:
    lacking = [name for name in required if name in scores.unavailable]
    if lacking:
        raise UserError(f"required and not available: {_reasons(scores, lacking)}")


def _reasons(scores: Scores, names: Iterable[str]) -> str:
    unavailable = {name: scores.unavailable[name] for name in names}
    return "; ".join(f"{name}: {why.reason} ({why.remedy})" for name, why in unavailable.items())


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


def _fingerprints(metric: Metric, pairs: Mapping[str, tuple[Path, ...]], labels: Labels) -> dict[str, str]:
    """id -> fingerprint of what this metric's scores of that id depend on."""
    settings = metric.settings()
    files = 2 if metric.needs_reference else 1
    return {
        identifier: fingerprint(
            settings | {kind: labels[kind].get(identifier, "") for kind in metric.labels}, *pair[:files]
        )
        for identifier, pair in pairs.items()
    }


def _missing(
    pairs: Iterable[str], fingerprints: dict[str, dict[str, str]], ledger: Ledger, force: bool
) -> dict[str, set[str]]:
    """metric -> ids that the ledger lacks."""
    return {
        name: {identifier for identifier in pairs if force or not ledger.find(identifier, name, of[identifier])}
        for name, of in fingerprints.items()
    }


def _passes(
    label: str, usable: dict[str, Metric], missing: dict[str, set[str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Words and metrics of each walk over the files.

    Small metrics go together, so that a file is read once; each large network goes alone, so that no process
    holds two of them.
    """
    open_ones = [name for name in METRICS if missing.get(name)]
    together = tuple(name for name in open_ones if usable[name].weights is None)
    if together:
        yield label, together
    for name in open_ones:
        if name not in together:
            yield f"{label}, {name}", (name,)


def _tasks(
    pairs: Mapping[str, tuple[Path, ...]],
    labels: Labels,
    setup: Setup,
    missing: dict[str, set[str]],
    names: tuple[str, ...],
) -> list[Task]:
    """A task for each file that lacks one of these metrics."""
    tasks = []
    for identifier, pair in pairs.items():
        lacking = tuple(name for name in names if identifier in missing[name])
        if lacking:
            given = {kind: labels.get(kind, {}).get(identifier) for kind in LABEL_OPTIONS}
            reference = pair[1] if len(pair) > 1 else None
            tasks.append(Task(identifier, pair[0], reference, lacking, setup=setup, **given))
    return tasks


def _keep_complete(
    pairs, referenced: bool, labels: Labels, setup: Setup, usable: dict[str, Metric], fingerprints, ledger: Ledger
) -> None:
    """Take in metrics that were not asked for now but are complete from an earlier call."""
    for name in METRICS:
        metric = make(name, setup)
        if name in usable or _lacking(metric, referenced, labels) or metric.available():
            continue
        of = _fingerprints(metric, pairs, labels)
        if all(ledger.find(identifier, name, text) for identifier, text in of.items()):
            usable[name] = metric
            fingerprints[name] = of


def _note(scores: Scores, metric: Metric, identifier: str, values: Iterable[float], note: str | None) -> None:
    for column, value in zip(metric.columns, values, strict=True):
        scores.values[column.name][identifier] = value
    if note:
        scores.notes.setdefault(metric.columns[0].name, {})[identifier] = note


def _with_progress(stream, total: int, label: str):
    from tqdm import tqdm

    with tqdm(stream, desc=label, total=total, unit="file", mininterval=0.5) as bar:
        yield from bar
