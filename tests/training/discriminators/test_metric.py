"""Metric discriminator: range, order of the pair, gradients."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.training.discriminators import MetricDiscriminator


def magnitudes(items=2, bins=41, frames=35, seed=0):
    return torch.rand(items, bins, frames, generator=torch.Generator().manual_seed(seed))


@given(bins=st.integers(32, 60), frames=st.integers(32, 60), level=st.floats(0, 100))
def test_quality_lies_between_0_and_1(bins, frames, level):
    torch.manual_seed(0)
    discriminator = MetricDiscriminator(channels=2)
    quality = discriminator(magnitudes(3, bins, frames), level * magnitudes(3, bins, frames, seed=1))
    assert quality.shape == (3,)
    assert ((quality >= 0) & (quality <= 1)).all()


def test_the_pair_has_an_order():
    torch.manual_seed(0)
    discriminator = MetricDiscriminator(channels=4).eval()
    one, other = magnitudes(), magnitudes(seed=1)
    assert not torch.allclose(discriminator(one, other), discriminator(other, one))


def test_gradient_reaches_the_restored_magnitude_and_the_weights():
    torch.manual_seed(0)
    discriminator = MetricDiscriminator(channels=4)
    restored = magnitudes(seed=1).requires_grad_()
    discriminator(magnitudes(), restored).sum().backward()
    assert restored.grad.any()
    assert all(parameter.grad.isfinite().all() for parameter in discriminator.parameters())


def test_dropout_is_for_training_only():
    torch.manual_seed(0)
    discriminator = MetricDiscriminator(channels=4).eval()
    pair = magnitudes(), magnitudes(seed=1)
    torch.testing.assert_close(discriminator(*pair), discriminator(*pair))
