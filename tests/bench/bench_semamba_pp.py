"""Full-size SEMamba++ with the fast and with the textbook scan: python -m tests.bench.bench_semamba_pp"""

import argparse
from unittest import mock

import torch

from espnet_plugin.semamba_pp import time_mamba
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

    def run(scan=None):
        with torch.inference_mode():
            if scan is None:
                return restore(wave, network, spectrum)
            # The fused form of the mixer has a scan of its own.
            with mock.patch.multiple(time_mamba, selective_scan=scan, fused_form_works=lambda *_: False):
                return restore(wave, network, spectrum)

    torch.testing.assert_close(run(textbook_scan), run(), rtol=1e-3, atol=1e-5)
    variants = {"textbook scan": lambda: run(textbook_scan), "fast scan": run}
    medians = compare(variants, options.rounds)
    print_rows(f"SEMamba++, {options.seconds} s of audio, {options.threads} threads", medians, options.seconds,
               "s per s of audio")  # fmt: skip


if __name__ == "__main__":
    main()
