"""A tiny SEMamba++ and recordings made of harmonics."""

import numpy as np
import pytest
import torch

from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.spectrum import Spectrum

RATE_HZ = 16000


@pytest.fixture(scope="session")
def network():
    torch.manual_seed(0)
    network = SEMambaPP(channels=4, blocks=2, state_size=2, dense_depth=1).eval().requires_grad_(False)
    torch.nn.init.normal_(network.magnitude_decoder.softplus.log_slope)
    return network


@pytest.fixture(scope="session")
def spectrum():
    return Spectrum()


def harmonics(pitch_hz, seconds=0.3):
    """A wave (samples,) float32 with peak 1."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 20))
    return (wave / np.abs(wave).max()).astype(np.float32)


@pytest.fixture(scope="session")
def recordings():
    """id and wave of three recordings."""
    return [(f"pitch{hz}", harmonics(hz)) for hz in (110, 150, 220)]


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")
