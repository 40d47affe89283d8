"""The predictor's loss against its formula, at silence, and its two numerators."""

import numpy as np
import pytest
import torch
from scipy import signal

from espnet_plugin.training.losses import HybridLoss


def waves(seed=0):
    random = np.random.default_rng(seed)
    clean = random.standard_normal((2, 4000)) * 0.1
    return clean, clean + 0.03 * random.standard_normal((2, 4000))


def plain(clean, restored, numerator):
    def spectrum(wave):
        padded = np.pad(wave, ((0, 0), (256, 256)), mode="reflect")
        hann = signal.get_window("hann", 512)
        frames = np.lib.stride_tricks.sliding_window_view(padded, 512, axis=-1)[:, ::256]
        return np.fft.rfft(frames * hann)

    one, other = spectrum(restored), spectrum(clean)
    compressed = [s * np.abs(s) ** -0.7 for s in (one, other)]
    complex_distance = np.mean(np.abs(compressed[0] - compressed[1]) ** 2)
    magnitude = np.mean((np.abs(one) ** 0.3 - np.abs(other) ** 0.3) ** 2)
    ratio = np.linalg.norm(numerator, axis=-1) / np.linalg.norm(restored - clean, axis=-1)
    return 30 * complex_distance + 70 * magnitude - 2 * np.mean(np.log10(ratio + 1e-12))


@pytest.mark.parametrize("numerator", ["restored", "clean"])
def test_formula(numerator):
    clean, restored = waves()
    loss = HybridLoss(numerator).double()(torch.from_numpy(clean), torch.from_numpy(restored))
    expected = plain(clean, restored, {"restored": restored, "clean": clean}[numerator])
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_the_published_numerator_rewards_gain_and_the_other_does_not():
    clean, restored = map(torch.from_numpy, waves())
    louder = restored * 30
    ratio = {name: HybridLoss(name).double().terms(clean, louder)["ratio"] for name in ("restored", "clean")}
    assert ratio["restored"] > 0 > ratio["clean"]


@pytest.mark.parametrize("which", ["both", "clean", "restored"])
def test_silence_gives_finite_losses_and_gradients(which):
    clean, restored = (torch.from_numpy(wave).float() for wave in waves())
    if which != "restored":
        clean = torch.zeros_like(clean)
    if which != "clean":
        restored = torch.zeros_like(restored)
    restored.requires_grad_()
    loss = HybridLoss()(clean, restored)
    loss.backward()
    assert loss.isfinite() and restored.grad.isfinite().all()


def test_unknown_numerator():
    with pytest.raises(ValueError, match="restored, clean"):
        HybridLoss("both")
