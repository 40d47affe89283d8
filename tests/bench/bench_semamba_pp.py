"""Full-size SEMamba++, as its modules are written and fast: python -m tests.bench.bench_semamba_pp

Plain is the network of the definition, in torch's own operations with the textbook scan. The next row has
that scan in the network whose other parts are fast. "bfloat16" is what that type means on CPUs: kernels that
round more. The process is set up as the commands set up theirs.
"""

import argparse
import time
from contextlib import ExitStack
from unittest import mock

from espnet_plugin import process_settings

if __name__ == "__main__":
    process_settings.settle()  # before torch is imported

import torch

from espnet_plugin.semamba_pp import activation, convolution, dense, fan, frequency_glp, linear, tfdp, time_mamba
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.precision import Full, Short, set_precision
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum
from tests.bench.textbook_scan import textbook_scan
from tests.bench.timing import compare, print_rows


def main():
    """Time the whole chain, wave to wave, in seconds per second of audio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the recording")
    parser.add_argument("--fast_only", action="store_true", help="leave the slow variants out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network, spectrum = SEMambaPP().eval(), Spectrum()
    wave = torch.randn(1, round(options.seconds * spectrum.rate_hz)) * 0.1

    def run():
        with torch.inference_mode():
            return restore(wave, network, spectrum)

    def run_with_textbook_scan():
        with ExitStack() as stack:
            # The kernels of the mixer have a scan of their own.
            for module in (tfdp, time_mamba):
                stack.enter_context(mock.patch.object(module, "kernel_works", lambda *_: False))
            stack.enter_context(mock.patch.object(time_mamba, "selective_scan", textbook_scan))
            return run()

    def run_plain():
        with ExitStack() as stack:
            for module in (activation, convolution, fan, linear):
                stack.enter_context(mock.patch.object(module, "kernels_work", lambda _: False))
            for module in (convolution, dense, frequency_glp, tfdp):
                stack.enter_context(mock.patch.object(module, "map_kernels_work", lambda _: False))
            return run_with_textbook_scan()

    def run_rounded():
        set_precision(network, Short())
        try:
            return run()
        finally:
            set_precision(network, Full())

    variants = {"plain": run_plain, "textbook scan": run_with_textbook_scan}
    variants |= {"fast, float32": run, "fast, bfloat16": run_rounded}
    if options.fast_only:
        variants = dict(list(variants.items())[2:])
    else:
        torch.testing.assert_close(run_plain(), run(), rtol=1e-3, atol=1e-5)
    precise = run()
    distance_db = 20 * torch.log10(precise.norm() / (run_rounded() - precise).norm()).item()
    print(f"bfloat16: signal-to-difference {distance_db:.1f} dB")
    title = f"SEMamba++, {options.seconds} s of audio, {options.threads} threads"
    for clock, unit in ((time.perf_counter, "s"), (time.process_time, "CPU s")):
        medians = compare(variants, options.rounds, clock)
        print_rows(title, medians, options.seconds, f"{unit} per s of audio")


if __name__ == "__main__":
    main()
