"""Full-size GAP-URGENet, ours and in the original order: python -m tests.bench.bench_gap_urgenet"""

import argparse
import time
from unittest import mock

import torch

from espnet_plugin.gap_urgenet.grid_block import GridBlock
from espnet_plugin.gap_urgenet.network import BRANCH_HZ, GapUrgenet, to_48_khz
from tests.bench.timing import compare, print_rows


def plain_order():
    """Within it, the blocks compute as ESPnet's and the original's do; all else is the same anyway."""
    return mock.patch.object(GridBlock, "can_infer", False)


def random_network() -> GapUrgenet:
    """Released sizes; the values do not matter for the time."""
    with torch.device("meta"):
        network = GapUrgenet()
    network = network.to_empty(device="cpu").eval().requires_grad_(False)
    torch.manual_seed(0)
    for parameter in network.parameters():
        parameter.normal_(std=parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.1)
    return network


def parts(network: GapUrgenet, wave: torch.Tensor) -> dict[str, float]:
    """Processor seconds of each part."""
    seconds = {}

    def timed(name, part, *inputs):
        started = time.process_time()
        result = part(*inputs)
        seconds[name] = time.process_time() - started
        return result

    features = timed("encoder", network.encoder, wave)
    generative = timed("vocoder", network.vocoder, timed("adapter", network.adapter, *features))
    predictive = timed("predictor", network.predictor, wave)
    timed("postnet", network.fuse, to_48_khz(predictive), to_48_khz(generative))
    return seconds


def main():
    """Time the whole chain, then its parts, in seconds per second of audio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the recording")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = random_network()
    wave = torch.randn(1, round(options.seconds * BRANCH_HZ)) * 0.1

    @torch.inference_mode()
    def run():
        return network(wave)

    def run_plainly():
        with plain_order():
            return run()

    medians = compare({"original order": run_plainly, "ours": run}, options.rounds)
    title = f"GAP-URGENet, {options.seconds} s of audio, {options.threads} threads, float32"
    print_rows(title, medians, options.seconds, "s per s of audio")
    with torch.inference_mode():
        for name, seconds in parts(network, wave).items():
            print(f"  {name:<34}{seconds / options.seconds:9.3f} CPU s per s of audio")


if __name__ == "__main__":
    main()
