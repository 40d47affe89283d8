"""Full-size GAP-URGENet, ours and in the original order: python -m tests.bench.bench_gap_urgenet [FILE ...]

Weights are random, of a size that lets a signal through. The recordings (noise without any) are joined and
cut or repeated to the wanted length.
"""

import argparse
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
import torch

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.resample import resample
from espnet_plugin.benchmark.random_weights import random_network
from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer
from espnet_plugin.gap_urgenet.grid_block import GridBlock
from espnet_plugin.gap_urgenet.network import BRANCH_HZ, RATE_HZ, GapUrgenet, to_48_khz


def plain_order():
    """Within it, the blocks compute as ESPnet's and the original's do; all else is the same anyway."""
    return mock.patch.object(GridBlock, "can_infer", False)


def read_recordings(files: list[str], seconds: float) -> np.ndarray:
    """First channels, joined, at 16 kHz."""
    samples = round(seconds * BRANCH_HZ)
    if not files:
        return 0.1 * np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    waves = [resample(wave[:, 0], rate_hz, BRANCH_HZ) for wave, rate_hz in map(read_audio, files)]
    return np.resize(np.concatenate(waves), samples)


def timed(function: Callable, *arguments) -> tuple[object, float, float]:
    """Its result, wall seconds and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, time.perf_counter() - wall, time.process_time() - processor


def signal_to_difference_db(value: np.ndarray, reference: np.ndarray) -> float:
    """How far the reference lies above the difference."""
    return float(20 * np.log10(np.linalg.norm(reference) / np.linalg.norm(value - reference)))


@torch.inference_mode()
def print_parts(network: GapUrgenet, wave: torch.Tensor) -> None:
    """Processor seconds of each part per second of audio."""
    seconds = {}

    def run(name, part, *inputs):
        result, _, seconds[name] = timed(part, *inputs)
        return result

    features = run("encoder", network.encoder, wave)
    generative = run("vocoder", network.vocoder, run("adapter", network.adapter, *features))
    predictive = run("predictor", network.predictor, wave)
    run("postnet", network.fuse, to_48_khz(predictive), to_48_khz(generative))
    for name, spent in seconds.items():
        print(f"    {name:<22}{spent * BRANCH_HZ / wave.shape[-1]:9.2f} CPU s per s of audio")


def main():
    """Time the whole chain, then its parts, in seconds per second of audio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="recordings")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--seconds", type=float, nargs="+", default=[8.0], help="lengths of the recording")
    parser.add_argument("--ours_only", action="store_true", help="leave the original order out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = random_network("gap_urgenet")
    ours = GapUrgenetEnhancer(network, "cpu", options.dtype, level="keep")
    original = GapUrgenetEnhancer(network, "cpu", level="keep")

    def run_original(wave):
        with plain_order():
            return original.enhance(wave, BRANCH_HZ, RATE_HZ)

    def run_ours(wave):
        return ours.enhance(wave, BRANCH_HZ, RATE_HZ)

    variants = {"ours": run_ours} if options.ours_only else {"original order": run_original, "ours": run_ours}
    asked, used = options.dtype, str(ours.dtype).removeprefix("torch.")
    print(f"GAP-URGENet, {options.threads} threads, ours asked for {asked}, calculates in {used}")
    for seconds in options.seconds:
        wave = read_recordings(options.files, seconds)
        results = {}
        for name, variant in variants.items():
            variant(wave[: BRANCH_HZ // 2])  # compiles, and gets the memory
            results[name] = result, wall_s, cpu_s = timed(variant, wave)
            first, first_wall_s, first_cpu_s = results[next(iter(variants))]
            print(
                f"  {seconds:g} s, {name:<15}{wall_s / seconds:7.2f} s ({cpu_s / seconds:.2f} CPU s) per s "
                f"of audio, {first_wall_s / wall_s:.2f} x ({first_cpu_s / cpu_s:.2f} x CPU)",
                flush=True,
            )
            if result is not first:
                print(f"    signal to difference {signal_to_difference_db(result, first):.1f} dB")
        if ours.dtype == torch.float32:
            print_parts(network, torch.from_numpy(wave)[None])


if __name__ == "__main__":
    main()
