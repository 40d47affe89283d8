"""GAP-URGENet's segments of 4 s, degraded while training reads: python -m tests.bench.bench_part_data

Counts CPU seconds, see ``bench_fresh_mixing``. Two cores without other work give twice the number per second.
A part whose GPU takes segments faster than that waits for data: give it more cores (``--nj``), or pairs that
stage 2 has rendered.
"""

import argparse
import tempfile
from pathlib import Path

from tests.bench.bench_fresh_mixing import Recordings, cpu_seconds, make_corpus

CONFIG = Path(__file__).resolve().parents[2] / "conf" / "simulate" / "gap_urgenet.yaml"
SEGMENT_S, SPEECH_HZ = 4, 48000


def main():
    """Print segments per CPU second for both rates of the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--batch_size", type=int, default=8)
    options = parser.parse_args()

    from espnet_plugin.espnet_modules.part_preprocessor import PartPreprocessor
    from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer

    with tempfile.TemporaryDirectory() as folder:
        make_corpus(Path(folder))
        mixer = FreshMixer(CONFIG, folder)
        files = sorted(Path(folder).glob(f"speech_{SPEECH_HZ}_*.flac"))
        for rate_hz, parts in ((16000, "encoder, adapter, predictor"), (48000, "postnet")):
            preprocess = PartPreprocessor(True, SEGMENT_S * rate_hz, rate_hz, mixer)
            recordings = Recordings(files, SPEECH_HZ, preprocess)
            for batch in range(options.batches + 1):
                if batch == 1:  # the first one compiles and reads what is kept
                    began_s = cpu_seconds()
                first = batch * options.batch_size
                uids = [f"utterance{number}" for number in range(first, first + options.batch_size)]
                preprocess.fetch(recordings, uids)
            rate = options.batches * options.batch_size / (cpu_seconds() - began_s)
            print(f"{rate_hz:5} Hz ({parts}): {rate:.1f} segments of {SEGMENT_S} s per CPU second")


if __name__ == "__main__":
    main()
