"""Degradation of 3 s segments while training reads them: python -m tests.bench.bench_degradation

Counts CPU seconds of this one process, so that other work on the machine hardly matters. The plain variant is
one library call per distortion; both give the same audio.
"""

import argparse
import contextlib
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.write import write_audio
from tests.bench.plain_degradation import plain_distortions

RATE_HZ = 16000
CONFIGS = Path(__file__).resolve().parents[2] / "conf" / "simulate"


def make_corpus(folder, seconds, files=20):
    """Speech-like noise, noises of 10 s and rooms of 0.5 s, as files."""
    random = np.random.default_rng(0)
    lengths_s = {"speech": seconds, "noise": 10, "rirs": 0.5}
    for kind, length_s in lengths_s.items():
        lines, samples = [], round(length_s * RATE_HZ)
        for number in range(files):
            wave = random.standard_normal(samples)
            if kind == "rirs":
                wave *= np.exp(-np.arange(samples) / 1500)
            write_audio(folder / kind / f"{number}.wav", 0.2 * wave / np.abs(wave).max(), RATE_HZ)
            lines.append(f"{kind}{number} {RATE_HZ} {kind}/{number}.wav\n")
        (folder / f"{kind}.scp").write_text("".join(lines))


def cpu_seconds(work, segments):
    """CPU seconds per segment."""
    began = time.process_time()
    for number in range(segments):
        work(number)
    return (time.process_time() - began) / segments


def main():
    """Print segments per CPU second, plain and ours, for both configurations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, nargs="+", default=[3.0, 12.0], help="of the recordings")
    options = parser.parse_args()

    from espnet_plugin.espnet_modules.degrading_preprocessor import SCOPES, DegradingPreprocessor
    from espnet_plugin.simulation.degrader import Degrader

    for seconds in options.seconds:
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder)
            make_corpus(corpus, seconds)
            files = sorted((corpus / "speech").iterdir())
            for config in ("restoration.yaml", "restoration_paper.yaml"):
                degrader = Degrader(CONFIGS / config, corpus)

                def segment(number, scope):
                    wave, _ = read_audio(files[number % len(files)])
                    preprocess = DegradingPreprocessor(degrader, 3 * RATE_HZ, RATE_HZ, scope=scope)
                    return preprocess(f"utterance{number}", {"speech_ref1": wave})["speech_mix"]

                def plain(number):
                    with contextlib.ExitStack() as stack:
                        for patch in plain_distortions():
                            stack.enter_context(patch)
                        return segment(number, "recording")

                for number in range(20):
                    np.testing.assert_allclose(plain(number), segment(number, "recording"), atol=1e-4)
                variants = {"plain library calls": plain}
                for scope in SCOPES:
                    variants[f"ours, scope {scope}"] = lambda number, scope=scope: segment(number, scope)
                best = {name: float("inf") for name in variants}
                for _ in range(options.rounds):
                    for name, work in variants.items():
                        count = options.segments // 5 if name.startswith("plain") else options.segments
                        best[name] = min(best[name], cpu_seconds(work, count))
                print(f"{config}, recordings of {seconds:g} s (1-minute load {os.getloadavg()[0]:.1f})")
                for name, cost in best.items():
                    print(f"  {name:<24}{1 / cost:8.0f} segments per CPU second{1e3 * cost:9.2f} ms each")


if __name__ == "__main__":
    main()
