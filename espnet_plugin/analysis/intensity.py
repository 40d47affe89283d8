"""How far a model carries: metrics against the intensity of each degradation (Table 4 of the paper).

Clean recordings are degraded in one way at a time, and in all ways together, each at rising intensity;
degraded and restored speech are scored against the clean. Where the paper says too little, this was assumed:

- noise: 20 to -10 dB SNR over active frames;
- clipping: at the quantiles q and 1 - q of the samples, q from 0.01 to 0.2;
- bandwidth: cutoffs of 6 to 1.5 kHz by resampling (kaiser_best);
- reverberation: one room per recording, of which everything later than 5 ms after the direct sound is
  changed by -12 to 6 dB; only where rooms are given;
- all: mild, medium and severe, see `ALL`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from espnet_plugin.analysis.output import new_figure, save_figure, write_table
from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Item, Metric, Unscorable
from espnet_plugin.simulation.bandwidth import resample_detour
from espnet_plugin.simulation.clipping import clip
from espnet_plugin.simulation.noise import add_noise
from espnet_plugin.simulation.reverberation import reverberate

#: kind -> (name of the intensity, values from mild to severe)
INTENSITIES: dict[str, tuple[str, tuple[float, ...]]] = {
    "noise": ("SNR [dB]", (20.0, 15.0, 10.0, 5.0, 0.0, -5.0, -10.0)),
    "clipping": ("quantile", (0.01, 0.02, 0.05, 0.1, 0.2)),
    "bandwidth": ("cutoff [Hz]", (6000.0, 5000.0, 4000.0, 3000.0, 2000.0, 1500.0)),
    "reverberation": ("late part [dB]", (-12.0, -6.0, 0.0, 6.0)),
    "all": ("mild, medium, severe", (1.0, 2.0, 3.0)),
}
#: Late part of the room in dB, SNR in dB, quantile and cutoff in Hz of the three intensities of all together.
ALL = {1.0: (-12.0, 15.0, 0.01, 6000.0), 2.0: (-6.0, 5.0, 0.05, 4000.0), 3.0: (0.0, -5.0, 0.1, 2000.0)}
DIRECT_S = 0.005


@dataclass(frozen=True)
class Surroundings:
    """What one recording is degraded with.

    Attributes:
        noise: (samples,).
        position: where to start in it, see `noise.add_noise`.
        response: room impulse response (samples,), or None.
    """

    noise: np.ndarray
    position: float
    response: np.ndarray | None = None


def degraded_versions(
    clean: np.ndarray, rate_hz: int, around: Surroundings, kinds: Sequence[str] | None = None
) -> Iterator[tuple[str, float, np.ndarray]]:
    """All degraded versions of a clean wave (samples,): kind, intensity and wave.

    Args:
        clean: the wave.
        rate_hz: its rate; bandwidths that it does not have anyway are left out.
        around: noise and room; without a room there is no reverberation.
        kinds: of `INTENSITIES`; default: all.
    """
    for kind in kinds or INTENSITIES:
        if kind == "reverberation" and around.response is None:
            continue
        for value in INTENSITIES[kind][1]:
            if kind == "bandwidth" and 2 * value >= rate_hz:
                continue
            yield kind, value, _degraded(clean, rate_hz, around, kind, value)


def _degraded(clean: np.ndarray, rate_hz: int, around: Surroundings, kind: str, value: float) -> np.ndarray:
    if kind == "noise":
        return add_noise(clean, around.noise, value, around.position)
    if kind == "clipping":
        return clip(clean, value, 1 - value)
    if kind == "bandwidth":
        return resample_detour(clean, rate_hz, int(2 * value), "kaiser_best")
    if kind == "reverberation":
        return reverberate(clean, with_late_part(around.response, value, rate_hz))
    late_db, snr_db, quantile, cutoff_hz = ALL[value]
    steps = {"noise": snr_db, "clipping": quantile, "bandwidth": cutoff_hz}
    wave = clean
    if around.response is not None:
        wave = _degraded(wave, rate_hz, around, "reverberation", late_db)
    for step, intensity in steps.items():
        wave = _degraded(wave, rate_hz, around, step, intensity)
    return wave


def with_late_part(response: np.ndarray, level_db: float, rate_hz: int) -> np.ndarray:
    """A room impulse response from its direct sound on, with everything later than 5 ms raised by a level.

    Args:
        response: (samples,); the direct sound is its largest sample, which becomes the first.
        level_db: of the late part, against what it was.
        rate_hz: of the response.
    """
    response = response[int(np.abs(response).argmax()) :]
    gain = np.ones(len(response), response.dtype)
    gain[round(DIRECT_S * rate_hz) :] = 10 ** (level_db / 20)
    return gain * response


def scores(
    metrics: Mapping[str, Metric], estimate: np.ndarray, clean: np.ndarray, rate_hz: int
) -> dict[str, float]:
    """column -> value of all metrics for one wave; NaN where a metric has none."""
    item = Item(estimate.astype(np.float32), rate_hz, clean.astype(np.float32))
    found: dict[str, float] = {}
    for metric in metrics.values():
        try:
            values = metric.score(item)
        except Unscorable:
            values = (float("nan"),) * len(metric.columns)
        found |= {column.name: float(value) for column, value in zip(metric.columns, values)}
    return found


def summarise(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Means over recordings, degraded and restored: one row per degradation, intensity and metric."""
    groups: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["degradation"], row["intensity"]), []).append(row)
    table = []
    for (kind, value), members in groups.items():
        for column in columns:
            means = {
                state: _mean([member[f"{column}_{state}"] for member in members])
                for state in ("degraded", "restored")
            }
            gain = means["restored"] - means["degraded"]
            place = {"degradation": kind, "intensity": value, "metric": column, "recordings": len(members)}
            table.append({**place, **means, "gain": gain})
    return table


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def analyse_intensity(
    enhance: Callable[[np.ndarray, int], np.ndarray],
    recordings: Iterable[tuple[str, np.ndarray]],
    surroundings: Callable[[str], Surroundings],
    metrics: Mapping[str, Metric],
    rate_hz: int,
    output_dir: Path,
    kinds: Sequence[str] | None = None,
) -> list[Path]:
    """Write `intensity_scores.csv` (every wave), `intensity.csv` (Table 4) and `intensity.png`.

    Args:
        enhance: wave and rate to restored wave, such as `Enhancer.enhance`.
        recordings: id and clean wave (samples,).
        surroundings: noise and room of an id.
        metrics: name -> metric.
        rate_hz: of the recordings.
        output_dir: gets the files.
        kinds: of `INTENSITIES`; default: all.

    Raises:
        UserError: no recording, or an unknown kind.
    """
    for kind in kinds or ():
        if kind not in INTENSITIES:
            raise UserError(f"there is no degradation '{kind}'; choose from {', '.join(INTENSITIES)}")
    rows = []
    for name, clean in recordings:
        for kind, value, degraded in degraded_versions(clean, rate_hz, surroundings(name), kinds):
            row: dict[str, Any] = {"recording": name, "degradation": kind, "intensity": value}
            waves = {"degraded": degraded, "restored": enhance(degraded, rate_hz)}
            for state, wave in waves.items():
                found = scores(metrics, wave, clean, rate_hz)
                row |= {f"{column}_{state}": score for column, score in found.items()}
            rows.append(row)
    if not rows:
        raise UserError("there is no recording to analyse; name a file, a folder or a list")
    columns = [column.name for metric in metrics.values() for column in metric.columns]
    files = [output_dir / name for name in ("intensity_scores.csv", "intensity.csv", "intensity.png")]
    table = summarise(rows, columns)
    write_table(files[0], rows)
    write_table(files[1], table)
    _draw(files[2], table, columns)
    return files


def _draw(path: Path, table: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    kinds = list(dict.fromkeys(row["degradation"] for row in table))
    figure = new_figure(2.9 * len(kinds), 2.3 * len(columns))
    panels = figure.subplots(len(columns), len(kinds), squeeze=False, sharex="col", sharey="row")
    for line, column in zip(panels, columns):
        for panel, kind in zip(line, kinds):
            chosen = [row for row in table if row["degradation"] == kind and row["metric"] == column]
            places = range(len(chosen))
            for state in ("degraded", "restored"):
                panel.plot(places, [row[state] for row in chosen], marker=".", label=state)
            panel.set_xticks(places, [f"{row['intensity']:g}" for row in chosen], fontsize=7)
            panel.grid(alpha=0.3)
        line[0].set_ylabel(column)
    for panel, kind in zip(panels[0], kinds):
        panel.set_title(kind)
    for panel, kind in zip(panels[-1], kinds):
        panel.set_xlabel(INTENSITIES[kind][0], fontsize=8)
    panels[0][0].legend(fontsize=8)
    save_figure(path, figure)
