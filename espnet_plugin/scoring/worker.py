"""Scoring of one file, in a worker process.

The module imports nothing numerical at its top: `start_worker` has to run before NumPy starts its threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from espnet_plugin.scoring.metric import Metric, Setup

# Small metrics stay for the whole run; of those with large networks only the last one.
_metrics: dict[tuple[str, Setup | None], Metric] = {}


@dataclass(frozen=True)
class Task:
    """One file, the metrics it still lacks (names of the registry), and what they need; see `Item`."""

    identifier: str
    estimate: Path
    reference: Path | None
    metrics: tuple[str, ...]
    language: str | None = None
    text: str | None = None
    setup: Setup | None = None


@dataclass
class Outcome:
    """What came of a task.

    Attributes:
        identifier: id of the file.
        values: metric -> one value per column; NaN where the metric has none.
        notes: metric -> why its values are NaN.
        error: why the file could not be scored at all; None if it was.
    """

    identifier: str
    values: dict[str, tuple[float, ...]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    error: str | None = None


def score_one(task: Task) -> Outcome:
    """Read the files of a task and compute its metrics; never raises for what is in the files.

    Raises:
        UserError: a metric's weights cannot be used.
    """
    from espnet_plugin.errors import UserError

    outcome = Outcome(task.identifier)
    try:
        item = _load(task)
    except UserError as error:
        outcome.error = str(error)
        return outcome
    for name in task.metrics:
        outcome.values[name], note = _values(_metric(name, task.setup), item)
        if note:
            outcome.notes[name] = note
    return outcome


def _load(task: Task):
    from espnet_plugin.audio.read import read_audio
    from espnet_plugin.errors import UserError
    from espnet_plugin.scoring.metric import Item

    estimate, rate_hz = read_audio(task.estimate)
    reference = None
    if task.reference is not None:
        reference, reference_hz = read_audio(task.reference)
        if rate_hz != reference_hz:
            rates = f"{rate_hz} Hz, its reference {reference_hz} Hz"
            raise UserError(f"{task.estimate} has {rates}; resample one of them")
        if len(estimate) != len(reference):
            lengths = f"{len(estimate)} samples, its reference {len(reference)}"
            raise UserError(f"{task.estimate} has {lengths}; cut or pad one of them")
    for path, wave in ((task.estimate, estimate), (task.reference, reference)):
        if wave is not None and wave.shape[1] != 1:
            raise UserError(f"{path} has {wave.shape[1]} channels; only one is scored, pick or mix it")
    reference_wave = None if reference is None else reference[:, 0]
    return Item(estimate[:, 0], rate_hz, reference_wave, task.language, task.text)


def _values(metric: Metric, item) -> tuple[tuple[float, ...], str | None]:
    import numpy as np

    from espnet_plugin.errors import UserError
    from espnet_plugin.scoring.metric import Unscorable

    nothing = (float("nan"),) * len(metric.columns)
    for side, wave in (("estimate", item.estimate), ("reference", item.reference)):
        if wave is not None and not np.isfinite(wave).all():
            return nothing, f"the {side} holds NaN or infinite samples"
    for kind in metric.labels:
        if getattr(item, kind) is None:
            return nothing, f"the list has no {kind} for it"
    try:
        values = tuple(float(value) for value in metric.score(item))
    except Unscorable as reason:
        return nothing, str(reason)
    except UserError:  # weights that do not fit: no other file would fare better
        raise
    except Exception as error:  # one odd file must not end a run over thousands
        return nothing, " ".join(f"{type(error).__name__}: {error}".split())
    return values, None if np.isfinite(values).all() else "the metric gave no finite value"


def _metric(name: str, setup: Setup | None) -> Metric:
    from espnet_plugin.scoring.registry import make

    if (name, setup) not in _metrics:
        metric = make(name, setup)
        if metric.weights is not None:
            for key in [key for key, other in _metrics.items() if other.weights is not None]:
                del _metrics[key]
        _metrics[name, setup] = metric
    return _metrics[name, setup]
