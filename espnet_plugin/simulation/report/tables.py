"""Counts over a simulated set: hours, distortions, and how SNR and length are distributed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from espnet_plugin.simulation.meta import Row
from espnet_plugin.simulation.report.contents import NOISE, REVERBERATION, WIND, distortions_of

SNR_STEP_DB = 1.0
LENGTH_STEP_S = 0.5

Table = list[dict[str, Any]]


def hours(rows: Iterable[Row], origin: Callable[[str], tuple[str, str]]) -> Table:
    """Files, different utterances and hours per corpus, language and rate, and of all.

    Args:
        rows: of the set.
        origin: corpus and language of an utterance.
    """
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        corpus, language = origin(row.speech_uid)
        for by, value in (
            ("corpus", corpus), ("language", language), ("rate_hz", str(row.rate_hz)), ("all", "all"),
        ):  # fmt: skip
            groups[by, value].append(row)
    order = ("all", "corpus", "language", "rate_hz")
    return [
        {
            "by": by,
            "value": value,
            "files": len(members),
            "utterances": len({row.speech_uid for row in members}),
            "hours": sum(row.samples / row.rate_hz for row in members) / 3600,
        }
        for (by, value), members in sorted(
            groups.items(), key=lambda item: (order.index(item[0][0]), len(item[0][1]), item[0][1])
        )
    ]


def distortions(rows: Sequence[Row]) -> Table:
    """Files and share of each distortion, and of each number of further ones after noise and room."""
    files: Counter[str] = Counter()
    for row in rows:
        found = distortions_of(row)
        further = sum(name not in (NOISE, WIND, REVERBERATION) for name in found)
        files.update({*found, f"{further} further"})
    return [
        {"distortion": name, "files": count, "share": count / len(rows)}
        for name, count in sorted(files.items(), key=lambda item: (item[0][0].isdigit(), item[0]))
    ]


def distributions(rows: Iterable[Row]) -> Table:
    """Histograms: the SNR of noise and of wind in steps of 1 dB, the length in steps of 0.5 s."""
    values: dict[tuple[str, float], list[float]] = {
        ("snr_db_noise", SNR_STEP_DB): [],
        ("snr_db_wind", SNR_STEP_DB): [],
        ("length_s", LENGTH_STEP_S): [],
    }
    for row in rows:
        values["length_s", LENGTH_STEP_S].append(row.samples / row.rate_hz)
        if row.snr_db is not None:
            kind = "snr_db_wind" if WIND in distortions_of(row) else "snr_db_noise"
            values[kind, SNR_STEP_DB].append(row.snr_db)
    return [
        {"quantity": quantity, "from": start * step, "below": (start + 1) * step, "files": count}
        for (quantity, step), members in values.items()
        for start, count in _bins(members, step)
    ]


def _bins(values: Sequence[float], step: float) -> list[tuple[int, int]]:
    """Number of each bin from the first to the last that is not empty, and how many values it holds."""
    counts = Counter(math.floor(value / step) for value in values)
    return [(number, counts[number]) for number in range(min(counts), max(counts) + 1)] if counts else []
