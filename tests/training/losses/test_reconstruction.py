"""Weighted sum: weights, left-out terms, gradients, typing errors."""

import pytest
import torch

from espnet_plugin.errors import UserError
from espnet_plugin.training.losses import DEFAULT_WEIGHTS, ReconstructionLoss

SAMPLES, FRAMES = 1600, 17


def signals(seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*size):
        return torch.rand(size, generator=generator, dtype=torch.float64)

    clean = draw(2, SAMPLES) - 0.5, draw(2, 201, FRAMES), draw(2, 201, FRAMES) * 6 - 3
    restored = draw(2, 201, FRAMES), draw(2, 201, FRAMES) * 6 - 3, draw(2, SAMPLES) - 0.5
    return (*clean, *restored)


def test_sum_uses_the_weights():
    total, terms = ReconstructionLoss()(*signals())
    assert set(terms) == set(DEFAULT_WEIGHTS) - {"time"}
    expected = sum(DEFAULT_WEIGHTS[term] * float(value) for term, value in terms.items())
    assert float(total) == pytest.approx(expected, rel=1e-12)


def test_weight_zero_leaves_a_term_out():
    weights = {"mel": 0, "time": 0, "consistency": 0, "phase": 0, "complex": 0, "magnitude": 2.0}
    total, terms = ReconstructionLoss(weights)(*signals())
    assert set(terms) == {"magnitude"}
    assert float(total) == pytest.approx(2.0 * float(terms["magnitude"]))


def test_samples_count_when_they_get_a_weight():
    clean_wave, *others, wave = signals()
    terms = ReconstructionLoss({"time": 0.2})(clean_wave, *others, wave)[1]
    assert float(terms["time"]) == pytest.approx(float((clean_wave - wave).abs().mean()))


def test_every_term_reaches_the_network_output():
    for term in DEFAULT_WEIGHTS:
        clean_wave, clean_magnitude, clean_phase, magnitude, phase, wave = signals()
        for leaf in (magnitude, phase, wave):
            leaf.requires_grad_()
        only = {name: float(name == term) for name in DEFAULT_WEIGHTS}
        total, _ = ReconstructionLoss(only)(clean_wave, clean_magnitude, clean_phase, magnitude, phase, wave)
        total.backward()
        gradients = [leaf.grad for leaf in (magnitude, phase, wave) if leaf.grad is not None]
        assert gradients and all(torch.isfinite(gradient).all() for gradient in gradients), term
        assert any(gradient.abs().max() > 0 for gradient in gradients), term


def test_unknown_term_is_named():
    with pytest.raises(UserError, match="magnitud.*magnitude"):
        ReconstructionLoss({"magnitud": 1.0})
