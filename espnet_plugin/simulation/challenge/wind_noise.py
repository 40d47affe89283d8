"""Synthetic wind noise, after Mirabilii et al., Simulating wind noise with airflow speed-dependent
characteristics (IWAENC 2022).

White noise is given a slow gain that follows the speed of the wind, a fast one that gathers in bursts, and a
colour that depends on the speed. The numbers are those that the authors fitted to measurements and published
with their generator: polynomials of the speed in m/s, highest power first.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from espnet_plugin.atomic_write import remove_leftovers, write_text
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.whole_audio import whole_audio

LIST_FILE = "wind_noise.scp"
SETTINGS_FILE = "wind_noise.json"

PEAK = 0.95
GUSTS = (3.0, 10.0)  # independent speeds per file, between which the wind changes
CALM_M_S, STORM_M_S = 2.0, 18.0  # the speeds that were measured
FLUCTUATION_M_S = 10.0  # before it is smoothed
SMOOTHING_S = 0.1
LEVEL_DB = (8.00071114414022, -220.332082908370)
BURST_SAMPLES, COLOUR_SAMPLES = 128, 2048  # frames; they overlap by half

ALPHA = (
    -2.73244444508231e-05, 0.00141129711949206, -0.0274652794467908, 0.257613241095714, -0.139824587447063,
)  # fmt: skip
BETA = (-9.75160902595897e-05, 0.00464300106846736, -0.0871968755558256, 0.651013973757802)
OMEGA = (9.69585296574741e-05, -0.00231853830578967, 0.0124681159197788)
# The five line spectral frequencies of the colour.
LINE_SPECTRUM = (
    (-2.63412497797108e-6, 9.50240139044154e-5, -6.99199223507821e-4, 0.0106849674771013,
     -9.66851130291645e-4),
    (5.93162248595821e-05, -0.00271741166649528, 0.0428714179385289, -0.234688122194936, 0.541693139684727),
    (0.000215613938043173, -0.0103783584000284, 0.177250839818556, -1.21337646113093, 3.24796925730457),
    (-0.000149723789407121, 0.00483963669507075, -0.0329542145779793, -0.168053225019258, 2.54984352038733),
    (-0.000213703084399375, 0.00931864887930701, -0.129910107562929, 0.568371362156217, 1.86097523205089),
)  # fmt: skip


def generate(
    output_dir: str | Path,
    rates_hz: Sequence[int],
    count: int,
    seconds: float,
    seed: int = 0,
    force: bool = False,
) -> int:
    """Write wind noises as `wind_noise_<rate>hz_<number>.wav`, and their list `wind_noise.scp`.

    Each file depends on seed, rate, number and length alone, and files that are whole are kept.

    Args:
        output_dir: folder; made.
        rates_hz: sampling rates.
        count: files for each rate.
        seconds: length of each file.
        seed: another one gives other wind.
        force: replace files of another seed or length.

    Returns:
        how many files were made now.

    Raises:
        UserError: a number below 1, a length below one frame, the folder has files of another seed or length,
            or the disk is full.
    """
    from tqdm import tqdm

    output_dir = Path(output_dir)
    if count < 1 or not rates_hz or min(rates_hz) < 1:
        raise UserError("wind noise needs at least one rate and one file, and rates above 0 Hz")
    if seconds * min(rates_hz) < COLOUR_SAMPLES:
        raise UserError(
            f"wind noise at {min(rates_hz)} Hz takes at least {COLOUR_SAMPLES / min(rates_hz)} seconds"
        )
    _claim(output_dir, {"seconds": seconds, "seed": seed}, force)
    lines, made = [], 0
    numbers = [(rate_hz, number) for rate_hz in dict.fromkeys(rates_hz) for number in range(count)]
    for rate_hz, number in tqdm(numbers, desc="wind noise", unit="file", file=sys.stderr):
        uid = f"wind_noise_{rate_hz}hz_{number}"
        path, samples = output_dir / f"{uid}.wav", round(seconds * rate_hz)
        lines.append(f"{uid} {rate_hz} {path.resolve()}\n")
        if whole_audio(path) != (samples, 1, rate_hz):
            random = random_stream(seed, "wind noise", rate_hz, number)
            write_audio(path, wind_noise(samples, rate_hz, random), rate_hz)
            made += 1
    remove_leftovers(output_dir)
    write_text(output_dir / LIST_FILE, "".join(lines))
    return made


def wind_noise(samples: int, rate_hz: int, random: np.random.Generator) -> np.ndarray:
    """Wind noise with a peak of 0.95.

    Args:
        samples: wanted length, at least `COLOUR_SAMPLES`.
        rate_hz: sampling rate.
        random: gives all that is random.

    Returns:
        wave (samples,), float64.
    """
    speed = wind_speed(samples, rate_hz, random)
    excitation = random.standard_normal(samples) * 10 ** (np.polyval(LEVEL_DB, speed) / 20)
    wave = _coloured(excitation * _bursts(speed, random), speed)
    return PEAK * wave / np.abs(wave).max()


def wind_speed(samples: int, rate_hz: int, random: np.random.Generator) -> np.ndarray:
    """Speed of the wind in m/s (samples,): some gusts, and small fluctuations."""
    from scipy.signal import oaconvolve, resample

    gusts = 2 * random.weibull(2, int(random.uniform(*GUSTS)))
    window = np.hanning(int(SMOOTHING_S * rate_hz))
    fluctuations = FLUCTUATION_M_S * random.standard_normal(samples)
    return resample(gusts, samples) + oaconvolve(fluctuations, window / window.sum())[:samples]


def _bursts(speed: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The fast gain (samples,): the root of a GARCH(1,1) process whose parameters follow the speed."""
    means = np.clip(_frames(speed, BURST_SAMPLES, CALM_M_S).mean(axis=1), CALM_M_S, STORM_M_S)
    alpha, beta, omega = (np.polyval(model, means) for model in (ALPHA, BETA, OMEGA))
    beta = np.where(alpha + beta > 1, 0.0, beta)
    innovations = random.standard_normal(len(means))
    process = np.empty(len(means))
    variance = value = 0.0
    for frame in range(len(means)):
        variance = omega[frame] + alpha[frame] * value**2 + beta[frame] * variance
        # The fitted parameters allow a variance below zero at some speeds.
        value = process[frame] = abs(variance) ** 0.5 * innovations[frame]
    gains = np.sqrt(np.abs(process) / np.abs(process).max())
    return _overlap_added(gains[:, None] * np.hanning(BURST_SAMPLES), len(speed))


def _coloured(excitation: np.ndarray, speed: np.ndarray) -> np.ndarray:
    from scipy.signal import lfilter

    means = np.clip(_frames(speed, COLOUR_SAMPLES, CALM_M_S).mean(axis=1), CALM_M_S, STORM_M_S)
    frames = _frames(excitation, COLOUR_SAMPLES, 0.0) * np.hanning(COLOUR_SAMPLES)
    filtered = [lfilter([1.0], colour(mean), frame) for mean, frame in zip(means, frames, strict=True)]
    return _overlap_added(np.stack(filtered), len(excitation))


def colour(speed_m_s: float) -> np.ndarray:
    """The all-pole filter of a speed: the coefficients of its denominator (6,)."""
    frequencies = np.array([np.polyval(model, speed_m_s) for model in LINE_SPECTRUM])
    roots = np.exp(1j * frequencies)
    # The frequencies belong in turn to the symmetric and to the antisymmetric half of the denominator.
    symmetric = np.poly(np.concatenate([roots[0::2], roots[0::2].conj()])).real
    antisymmetric = np.poly(np.concatenate([roots[1::2], roots[1::2].conj()])).real
    return (symmetric + np.convolve(antisymmetric, [1.0, 0.0, -1.0]))[:-1] / 2


def _frames(wave: np.ndarray, size: int, edge: float) -> np.ndarray:
    """Frames (number, size) that overlap by half; every sample lies in two. `edge` fills up both ends."""
    half = size // 2
    padded = np.pad(wave, (half, half + -len(wave) % half), constant_values=edge)
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::half]


def _overlap_added(frames: np.ndarray, samples: int) -> np.ndarray:
    """The sum of frames that `_frames` cut (samples,)."""
    half = frames.shape[1] // 2
    total = np.zeros((len(frames) + 1, half))
    total[:-1] += frames[:, :half]
    total[1:] += frames[:, half:]
    return total.reshape(-1)[half : half + samples]


def _claim(output_dir: Path, settings: dict, force: bool) -> None:
    path = output_dir / SETTINGS_FILE
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != settings:
            if not force:
                raise UserError(
                    f"{output_dir} has wind noise of another seed or length; replace it with --force, "
                    "or name another folder"
                )
            for old in output_dir.glob("wind_noise_*hz_*.wav"):
                old.unlink()
    write_text(path, json.dumps(settings) + "\n")
