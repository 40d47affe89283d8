"""Scores against clean references: python -m tests.bench.bench_intrusive [--audio FOLDER] [--side noisy]

CPU seconds of this one process; set OMP_NUM_THREADS=1. The plain variants are the formulas as they stand in
the papers (`plain_intrusive.py`) and, where pysptk and fastdtw are installed, these; PESQ, ESTOI and LSD are
the same on both sides. Variants take turns in one run, and give the same values, which is checked.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import read_audio
from espnet_plugin.scoring.metric import Item
from espnet_plugin.scoring.registry import make
from tests.bench import plain_intrusive

SHARED = Path(os.environ.get("URGENT26_SHARED") or Path(__file__).resolve().parents[3] / "shared")
METRICS = ("PESQ", "ESTOI", "SDR", "MCD", "LSD")
LIMIT = 1e-9  # for values of two variants


def packages_mcd():
    """MCD by pysptk and fastdtw, as the challenge's script computes it; None where they are missing."""
    try:
        import pysptk
        from fastdtw import fastdtw
        from scipy.spatial.distance import euclidean
    except ImportError:
        return None

    def cepstra(wave, order, warping):
        frames = np.lib.stride_tricks.sliding_window_view(wave, 1024)[::256] * pysptk.hamming(1024)
        return np.stack([pysptk.mcep(frame, order, warping, eps=1e-6, etype=1) for frame in frames])

    def mcd(item):
        reference, estimate = item.reference.astype(np.float64), item.estimate.astype(np.float64)
        estimate *= (reference @ estimate) / (estimate @ estimate + 1e-8)
        x, y = (cepstra(wave, *plain_intrusive.PARAMETERS[item.rate_hz]) for wave in (reference, estimate))
        path = np.array(fastdtw(x, y, radius=1, dist=euclidean)[1])
        return 10 / np.log(10) * np.sqrt(2 * ((x[path[:, 0]] - y[path[:, 1]]) ** 2).sum(axis=1)).mean()

    return mcd


def variants():
    """metric -> variant -> function of an item; the metrics that differ."""
    found = {
        "SDR": {"plain": lambda item: plain_intrusive.plain_sdr(item.reference, item.estimate)},
        "MCD": {"plain": lambda item: plain_intrusive.plain_mcd(item.reference, item.estimate, item.rate_hz)},
    }
    if packages := packages_mcd():
        found["MCD"]["packages"] = packages
    return found


def items(folder, side):
    """The files of one side with their references; without the folder, a hum with hiss at 48 kHz."""
    if not folder.is_dir():
        print(f"there is no {folder}; measured with a hum")
        hiss = np.random.default_rng(0).standard_normal((2, 480_000))
        hum = 0.3 * np.sin(np.arange(480_000) / 50) ** 9 * np.sin(np.arange(480_000) / 9000)
        estimate, reference = (hum + [[0.03], [0.003]] * hiss).astype(np.float32)
        yield Item(estimate, 48000, reference)
        return
    for path in sorted((folder / side).iterdir()):
        estimate, rate_hz = read_audio(path)
        yield Item(estimate[:, 0], rate_hz, read_audio(folder / "clean" / path.name)[0][:, 0])


def timed(call, item):
    """Value and CPU seconds."""
    began = time.process_time()
    value = call(item)
    return value, time.process_time() - began


def main():
    """Print CPU milliseconds per second of audio of each metric, and of the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, default=SHARED / "audio" / "urgent26", metavar="FOLDER")
    parser.add_argument("--side", default="enh", help="subfolder to be scored against `clean`")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    files = list(items(options.audio, options.side))
    audio_s = sum(len(item.estimate) / item.rate_hz for item in files)
    ours = {name: make(name) for name in METRICS}
    calls = {
        (name, "ours"): lambda item, metric=metric: metric.score(item)[0] for name, metric in ours.items()
    }
    calls |= {(name, variant): call for name, of in variants().items() for variant, call in of.items()}
    first = files[0]
    for call in calls.values():  # imports and compiles
        call(Item(first.estimate[-100_000:], first.rate_hz, first.reference[-100_000:]))

    seconds = {key: [] for key in calls}
    for _ in range(options.rounds):
        totals = dict.fromkeys(calls, 0.0)
        for item in files:
            values = {}
            for key, call in calls.items():
                values[key], spent_s = timed(call, item)
                totals[key] += spent_s
            for (name, variant), value in values.items():
                assert abs(value - values[name, "ours"]) < LIMIT, (name, variant, value)
        for key, total in totals.items():
            seconds[key].append(total / audio_s)
    medians_ms = {key: 1e3 * statistics.median(of) for key, of in seconds.items()}

    print(f"{len(files)} files, {audio_s:.1f} s of audio; CPU milliseconds per second of audio")
    for variant in ("plain", "packages"):
        if not any(key[1] == variant for key in calls):
            continue
        costs = {name: medians_ms.get((name, variant), medians_ms[name, "ours"]) for name in METRICS}
        rows = [(name, costs[name], medians_ms[name, "ours"]) for name in METRICS]
        rows.append(("all", sum(costs.values()), sum(medians_ms[name, "ours"] for name in METRICS)))
        print(f"  {'':<8}{variant:>10}{'ours':>10}")
        for name, plain_ms, ours_ms in rows:
            print(f"  {name:<8}{plain_ms:10.1f}{ours_ms:10.1f}{plain_ms / ours_ms:8.1f} x")


if __name__ == "__main__":
    main()
