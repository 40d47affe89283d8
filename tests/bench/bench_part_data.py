"""GAP-URGENet's segments of 4 s while training reads: python -m tests.bench.bench_part_data

Prints segments per CPU second of data loading (see ``bench_fresh_mixing``): clean speech, rendered pairs, and
mixtures made on the fly, these in turn with those of a loader that mixes one batch of 4 after the other with
the ffmpeg on PATH. Then what one GPU takes that sustains --teraflops, and how many cores feed it. Rates to
start from, assumed, not measured: 10 in float32 on an A100, 30 on an H100 or H200, and three to five times as
much in bfloat16. The LSTMs of predictor and PostNet run far below that. ``bench_part_step --device cuda``
measures segments per second on a GPU.
"""

import argparse
import tempfile
from pathlib import Path
from unittest import mock

from tests.bench.bench_fresh_mixing import Recordings, cpu_seconds, make_corpus

CONFIG = Path(__file__).resolve().parents[2] / "conf" / "simulate" / "gap_urgenet.yaml"
SEGMENT_S, SPEECH_HZ = 4, 48000
SMALL_BATCH = 4  # the encoder's on each of 4 GPUs
#: Rate in Hz, kind of data, and GFLOP of a training step per second of audio: by ``bench_part_step --count``,
#: for adapter, predictor and PostNet by their sizes, as edges weigh too much in the short segments tried.
PARTS = {
    "encoder": (16000, "mixed", 158),
    "vocoder": (16000, "clean", 288),
    "adapter": (16000, "mixed", 120),
    "predictor": (16000, "mixed", 2340),
    "postnet": (48000, "mixed", 1785),
}


class Pairs(Recordings):
    """Stands in for what stage 2 has rendered: two recordings are read for each segment."""

    def __getitem__(self, uid):
        waves = {"speech_ref1": self.read(uid), "speech_mix": self.read(uid)}
        return uid, self.preprocess(uid, {**waves, "fs": [self.rate_hz]})


def main():
    """Measure all kinds in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--teraflops", type=float, nargs="+", default=[10, 30, 100])
    options = parser.parse_args()

    from espnet_plugin.espnet_modules import mixing_preprocessor
    from espnet_plugin.espnet_modules.part_preprocessor import PartPreprocessor
    from espnet_plugin.simulation.challenge.ffmpeg import ffmpeg_program
    from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer

    items = mixing_preprocessor.ITEMS_AT_ONCE
    with tempfile.TemporaryDirectory() as folder:
        make_corpus(Path(folder))
        mixer = FreshMixer(CONFIG, folder)
        files = sorted(Path(folder).glob(f"speech_{SPEECH_HZ}_*.flac"))

        def loader(rate_hz, recordings, **given):
            preprocess = PartPreprocessor(True, SEGMENT_S * rate_hz, rate_hz, **given)
            return recordings(files, SPEECH_HZ, preprocess)

        def load(recordings, uids, at_once, program):
            with mock.patch.object(mixing_preprocessor, "quick_ffmpeg_program", program):
                for first in range(0, len(uids), at_once):
                    recordings.preprocess.fetch(recordings, uids[first : first + at_once])

        quick, variants = mixing_preprocessor.quick_ffmpeg_program, {}
        for rate_hz in (16000, 48000):
            mixed = loader(rate_hz, Recordings, mixer=mixer)
            variants[rate_hz, "mixed"] = (mixed, items, quick)
            variants[rate_hz, "mixed batch by batch"] = (mixed, SMALL_BATCH, ffmpeg_program)
            variants[rate_hz, "pairs"] = (loader(rate_hz, Pairs), items, quick)
            variants[rate_hz, "clean"] = (loader(rate_hz, Recordings), items, quick)
        spent_s = dict.fromkeys(variants, 0.0)
        for turn in range(1 + options.rounds):
            uids = [f"utterance{number}" for number in range(items * turn, items * (turn + 1))]
            for name, variant in variants.items():
                began_s = cpu_seconds()
                load(variant[0], uids, *variant[1:])
                if turn:  # the first one compiles and reads what is kept
                    spent_s[name] += cpu_seconds() - began_s
    speed = {name: options.rounds * items / seconds for name, seconds in spent_s.items()}
    print(f"segments of {SEGMENT_S} s per CPU second")
    for (rate_hz, kind), segments in speed.items():
        print(f"  {rate_hz:5} Hz, {kind:22}{segments:7.1f}")
    print("one GPU takes per second, and the cores that feed it")
    for part, (rate_hz, kind, gflop) in PARTS.items():
        taken = [1e3 * rate / (gflop * SEGMENT_S) for rate in options.teraflops]
        cells = (
            f"{rate:g} TFLOP/s:{one:6.1f}{one / speed[rate_hz, kind]:6.1f} cores"
            for rate, one in zip(options.teraflops, taken)
        )
        print(f"  {part:10}({kind}) {'   '.join(cells)}")


if __name__ == "__main__":
    main()
