"""Kernels that round more stay near those that do not, and depend neither on threads nor on parts."""

import numpy as np
import pytest
import soundfile
import soxr
import torch

from espnet_plugin.benchmark.random_weights import random_network
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.pointwise import gelu_rows
from espnet_plugin.semamba_pp.precision import Full, Short, precision_of, set_precision
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum
from espnet_plugin.semamba_pp.tfdp import ChannelFeedForward
from espnet_plugin.semamba_pp.time_mamba import TimeMamba


def distance_db(rough, precise):
    """Level of the precise one over that of the difference."""
    return 20 * torch.log10(precise.norm() / (rough - precise).norm()).item()


@torch.inference_mode()
def both(module, run):
    """What a module makes in both precisions; full before and after short is the same."""
    results = []
    for precision in (Full(), Short(), Full()):
        set_precision(module, precision)
        results.append(run())
    assert torch.equal(results[0], results[2])
    return results[:2]


@pytest.mark.parametrize("bins", [7, 50])
@pytest.mark.parametrize("make", [FrequencyGlp, lambda channels, bins: ChannelFeedForward(channels)])
def test_parts_in_place(make, bins):
    torch.manual_seed(0)
    module, x = make(48, bins), torch.randn(1, 48, 30, bins)
    full, short = both(module, lambda: module.with_residual_(x.clone()))
    assert 60 < distance_db(short, full) < 200


def test_functions_of_rows():
    x, results = np.linspace(-4, 4, 1000, dtype=np.float32), []
    for precision in (Full(), Short()):
        results.append(np.empty_like(x))
        gelu_rows(x, 0, 0, results[-1], 0, 0, 1, len(x), precision)
    assert 1e-5 < np.abs(results[0] - results[1]).max() < 5e-4


def test_powers_of_the_scan():
    torch.manual_seed(0)
    module, x = TimeMamba(16), torch.randn(3, 200, 16)
    torch.nn.init.normal_(module.forward_layer.mixer.parameters_of_input.weight)
    full, short = both(module, lambda: module(x))
    assert 55 < distance_db(short, full) < 130


def test_without_a_choice_it_is_full():
    assert isinstance(precision_of(torch.nn.Identity()), Full)


@pytest.mark.parametrize("frames", [5, 37])
def test_threads_change_nothing(frames):
    torch.manual_seed(0)
    network = SEMambaPP(channels=16, blocks=1, rate_hz=3200).eval()
    set_precision(network, Short())
    spectrum, results = (torch.rand(1, 41, frames), torch.randn(1, 41, frames)), []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with torch.inference_mode():
                results.append(torch.stack(network(*spectrum)))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])


def test_real_recording_at_full_size(shared):
    recording = sorted((shared / "audio/vctk_demand/noisy").glob("*.wav"))[0]
    wave, rate_hz = soundfile.read(recording, dtype="float32")
    wave = soxr.resample(wave, rate_hz, 16000)[:16000].astype(np.float32)
    network, spectrum = random_network("semamba_pp"), Spectrum()
    full, short = both(network, lambda: restore(torch.from_numpy(wave)[None], network, spectrum))
    assert distance_db(short, full) > 35
