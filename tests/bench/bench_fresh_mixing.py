"""The challenge's mixtures of 2 s while training reads them: python -m tests.bench.bench_fresh_mixing

As many are fetched at once as data loaders do. Counts CPU seconds of this process and of the programs that it
starts, so other work on the machine hardly matters: what one worker of a data loader gives per CPU second.
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.write import write_audio

RATES_HZ = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
CONFIG = Path(__file__).resolve().parents[2] / "conf" / "simulate" / "urgent26_train.yaml"
SEGMENT_S = 2.0


def make_corpus(folder, files=8):
    """Noise in place of speech (6 s), noises and winds (12 s) at each rate, rooms (1 s) at 48 kHz."""
    random = np.random.default_rng(0)
    lengths_s = {"speech": 6, "noise": 12, "wind_noise": 12, "rirs": 1}
    for kind, length_s in lengths_s.items():
        lines = []
        for rate_hz in RATES_HZ if kind != "rirs" else (48000,):
            for number in range(files):
                wave = random.standard_normal(round(length_s * rate_hz))
                if kind == "rirs":
                    wave *= np.exp(-np.arange(len(wave)) / 4000)
                name = f"{kind}_{rate_hz}_{number}"
                write_audio(folder / f"{name}.flac", 0.2 * wave / np.abs(wave).max(), rate_hz)
                lines.append(f"{name} {rate_hz} {name}.flac\n")
        (folder / f"{kind}.scp").write_text("".join(lines))


def cpu_seconds():
    """Of this process and of the programs it has started."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


class Recordings:
    """What ESPnet's data set is to its iterators."""

    def __init__(self, files, rate_hz, preprocess):
        self.files, self.rate_hz, self.preprocess = files, rate_hz, preprocess

    def __getitem__(self, uid):
        return uid, self.preprocess(uid, {"speech_ref1": self.read(uid), "fs": [self.rate_hz]})

    def read(self, uid):
        """The recording of an utterance."""
        return read_audio(self.files[int(uid[9:]) % len(self.files)])[0]


def main():
    """Print segments per CPU second for each rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=6, help="of each rate")
    options = parser.parse_args()

    from espnet_plugin.espnet_modules.mixing_preprocessor import ITEMS_AT_ONCE, MixingPreprocessor
    from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer

    with tempfile.TemporaryDirectory() as folder:
        make_corpus(Path(folder))
        mixer = FreshMixer(CONFIG, folder)
        preprocess = MixingPreprocessor(True, round(SEGMENT_S * 48000), 48000, mixer, own_rate=True)
        load = os.getloadavg()[0]
        print(f"batches of {ITEMS_AT_ONCE} segments of {SEGMENT_S:g} s (1-minute load {load:.1f})")
        for rate_hz in RATES_HZ:
            files = sorted(Path(folder).glob(f"speech_{rate_hz}_*"))

            def batch(number, files=files, rate_hz=rate_hz):
                numbers = range(ITEMS_AT_ONCE * number, ITEMS_AT_ONCE * (number + 1))
                uids = [f"utterance{number}" for number in numbers]
                return preprocess.fetch(Recordings(files, rate_hz, preprocess), uids)

            batch(1000)  # designs filters, reads rooms
            began = cpu_seconds()
            for number in range(options.batches):
                batch(number)
            cost = (cpu_seconds() - began) / options.batches / ITEMS_AT_ONCE
            print(f"  {rate_hz:6d} Hz{1 / cost:8.1f} segments per CPU second{1e3 * cost:9.1f} ms each")


if __name__ == "__main__":
    main()
