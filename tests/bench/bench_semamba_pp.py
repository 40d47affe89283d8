"""Full-size SEMamba++, as its modules are written and fast: python -m tests.bench.bench_semamba_pp

Plain is the network of the definition, in torch's own operations with the textbook scan. The row between has that
scan in the network whose other parts are fast.
"""

import argparse
from contextlib import ExitStack
from unittest import mock

import torch

from espnet_plugin.semamba_pp import activation, convolution, fan, linear, time_mamba
from espnet_plugin.semamba_pp.network import SEMambaPP
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
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network, spectrum = SEMambaPP().eval(), Spectrum()
    wave = torch.randn(1, round(options.seconds * spectrum.rate_hz)) * 0.1

    def run():
        with torch.inference_mode():
            return restore(wave, network, spectrum)

    def run_with_textbook_scan():
        # The fused form of the mixer has a scan of its own.
        changes = {"selective_scan": textbook_scan, "fused_form_works": lambda *_: False}
        with mock.patch.multiple(time_mamba, **changes):
            return run()

    def run_plain():
        with ExitStack() as stack:
            for module in (activation, convolution, fan, linear):
                stack.enter_context(mock.patch.object(module, "kernels_work", lambda _: False))
            return run_with_textbook_scan()

    torch.testing.assert_close(run_plain(), run(), rtol=1e-3, atol=1e-5)
    variants = {"plain": run_plain, "textbook scan": run_with_textbook_scan, "fast": run}
    medians = compare(variants, options.rounds)
    print_rows(f"SEMamba++, {options.seconds} s of audio, {options.threads} threads", medians, options.seconds,
               "s per s of audio")  # fmt: skip


if __name__ == "__main__":
    main()
