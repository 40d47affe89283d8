"""Memory of the enhancement of long files, each in a process of its own.

    python -m tests.bench.bench_enhance_memory                       # short files: does it grow?
    python -m tests.bench.bench_enhance_memory --minutes 10 60       # up to an hour of 48 kHz stereo
    python -m tests.bench.bench_enhance_memory --model semamba_pp    # full size, over its longest window
    python -m tests.bench.bench_enhance_memory --model gap_urgenet
    python -m tests.bench.bench_enhance_memory --model semamba_pp --minutes 1 4    # full size, both channels

The first lines send files of growing length through everything around an idle network: readers, resampling,
windows, level, writer. Memory that does not grow there does not grow with a real network either, which sees
one window after the other; what that costs is the difference that its longest window makes.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

from espnet_plugin import process_settings

RATE_HZ, CHANNELS = 48000, 2


def write_noise(path: Path, seconds: float) -> None:
    """A stereo file of 16 bit noise."""
    import numpy as np
    import soundfile

    second = (3000 * np.random.default_rng(0).standard_normal((RATE_HZ, CHANNELS))).astype(np.int16)
    with soundfile.SoundFile(path, "w", RATE_HZ, CHANNELS, "PCM_16", format="WAV") as file:
        for _ in range(int(seconds)):
            file.write(second)
        file.write(second[: round(seconds % 1 * RATE_HZ)])


def enhancer_of(model: str, level: str):
    """An enhancer with random weights of full size, or an idle one."""
    if model == "idle":
        from tests.enhance.idle import Idle

        return Idle(level=level)
    if model == "semamba_pp":
        from espnet_plugin.enhance.semamba_pp_enhancer import SEMambaPPEnhancer
        from espnet_plugin.semamba_pp.network import SEMambaPP

        return SEMambaPPEnhancer(SEMambaPP(), "cpu", level=level)
    from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer
    from espnet_plugin.gap_urgenet.network import GapUrgenet

    return GapUrgenetEnhancer(GapUrgenet(), "cpu", level=level)


def measure(pipe, model: str, level: str, seconds: float, channels, folder: Path) -> None:
    """Enhance one file, and send the memory before and at most, in GiB, and the time."""
    process_settings.settle()
    from espnet_plugin.enhance.job import Job, run_job
    from espnet_plugin.enhance.runner import memory_gib

    path = folder / f"{seconds}.wav"
    if not path.exists():
        write_noise(path, seconds)
    enhancer = enhancer_of(model, level)
    before_gib, started = memory_gib(), time.process_time()
    outcome = run_job(enhancer, Job("long", path, folder / "out.wav", channels=channels))
    assert outcome.status == "enhanced", outcome.reason
    pipe.send((before_gib, memory_gib(), time.process_time() - started))


def main():
    """Print the memory of a process for each length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="idle", choices=("idle", "semamba_pp", "gap_urgenet"))
    parser.add_argument(
        "--minutes", type=float, nargs="+", help="lengths; default: 1, 3, 9; of models two windows"
    )
    parser.add_argument("--level", choices=("keep", "match", "peak"), default="peak", help="default: peak")
    options = parser.parse_args()
    # Two windows, the last of which is as long as it can be.
    longest = {"semamba_pp": 14 + 15 + 6.9, "gap_urgenet": 7 + 8 + 3.4}
    lengths = [60 * minutes for minutes in options.minutes or ([] if options.model in longest else [1, 3, 9])]
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for seconds in lengths or [longest[options.model]]:
            ours, theirs = context.Pipe()
            # The second channel of a model costs only time.
            channels = "each" if options.minutes or options.model == "idle" else (1,)
            arguments = (theirs, options.model, options.level, seconds, channels, Path(folder))
            process = context.Process(target=measure, args=arguments)
            process.start()
            theirs.close()
            before_gib, most_gib, cpu_s = ours.recv()
            process.join()
            print(
                f"{options.model}, {seconds / 60:5.1f} min of {RATE_HZ // 1000} kHz, level {options.level}: "
                f"{before_gib:.2f} GiB loaded, {most_gib:.2f} GiB at most, {cpu_s:.0f} CPU s "
                f"({os.environ.get('OMP_NUM_THREADS', 'all')} threads)",
                flush=True,
            )


if __name__ == "__main__":
    main()
