"""The chain around the network keeps length, level and silence."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum


class Unchanged(torch.nn.Module):
    """A network that restores nothing."""

    rate_hz = 16000

    def forward(self, magnitude, phase):
        return magnitude, phase


@given(samples=st.integers(0, 2500), level=st.sampled_from([1e-4, 1.0, 30.0]), seed=st.integers(0, 99))
def test_an_idle_network_gives_the_wave_back(samples, level, seed):
    wave = level * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    restored = restore(wave, Unchanged(), Spectrum().double())
    assert restored.shape == wave.shape
    torch.testing.assert_close(restored, wave, rtol=0, atol=1e-5 * level)


def test_silence_stays_silence():
    assert not restore(torch.zeros(1, 999), Unchanged(), Spectrum()).any()


def test_each_item_has_its_own_peak():
    seen = []

    class Watcher(Unchanged):
        def forward(self, magnitude, phase):
            seen.append(magnitude.amax((1, 2)))
            return magnitude, phase

    wave = torch.randn(1, 1000).repeat(2, 1) * torch.tensor([[1.0], [0.01]])
    restore(wave, Watcher(), Spectrum())
    torch.testing.assert_close(seen[0][0], seen[0][1], rtol=1e-4, atol=1e-5)
