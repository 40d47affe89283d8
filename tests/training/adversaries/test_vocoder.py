"""Vocoder adversary: whose gradient goes where, that its parts add up, and that it learns."""

import pytest
import torch

from espnet_plugin.training.adversaries import ADVERSARIES, VocoderAdversary
from espnet_plugin.training.signal import Signal

SMALL = {
    "multi_resolution": {"resolutions": [(256, 30, 150)], "channels": 4},
    "sub_band_cqt": {"scales": [(128, 12)], "channels": 4},
}


@pytest.fixture
def adversary():
    torch.manual_seed(0)
    return VocoderAdversary(**SMALL)


def signal(seed, scale=0.1):
    generator = torch.Generator().manual_seed(seed)
    wave = torch.randn(2, 1600, generator=generator) * scale
    magnitude, phase = torch.rand(2, 2, 201, 17, generator=generator)
    return Signal(wave, magnitude, phase)


def trainable(seed):
    return Signal(*(part.requires_grad_() for part in signal(seed)))


def test_generator_terms_teach_the_generator_only(adversary):
    restored = trainable(1)
    terms = adversary.generator_terms(signal(0), restored)
    assert set(terms) == set(VocoderAdversary.DEFAULT_WEIGHTS)
    for term in terms.values():
        (gradient,) = torch.autograd.grad(term, restored.wave, retain_graph=True)
        assert gradient.isfinite().all() and gradient.any()
    sum(terms.values()).backward()
    assert all(parameter.grad is None for parameter in adversary.parameters())
    assert all(parameter.requires_grad for parameter in adversary.parameters())


def test_discriminator_loss_teaches_the_discriminators_only(adversary):
    restored = trainable(1)
    loss, parts = adversary.discriminator_loss(signal(0), restored)
    assert set(parts) == {"discriminator_multi_resolution", "discriminator_sub_band_cqt"}
    assert not any(part.requires_grad for part in parts.values())
    assert float(loss.detach()) == pytest.approx(float(sum(parts.values())))
    loss.backward()
    assert restored.wave.grad is None
    assert all(parameter.grad is not None for parameter in adversary.parameters())


def test_parameters_that_were_frozen_stay_frozen(adversary):
    adversary.multi_resolution.requires_grad_(False)
    adversary.generator_terms(signal(0), signal(1))
    assert not any(parameter.requires_grad for parameter in adversary.multi_resolution.parameters())
    assert all(parameter.requires_grad for parameter in adversary.sub_band_cqt.parameters())


def test_equal_waves_match_in_every_feature(adversary):
    assert float(adversary.generator_terms(signal(0), signal(0))["feature_matching"]) == 0.0


def test_discriminators_learn_to_tell_clean_from_restored(adversary):
    optimizer = torch.optim.AdamW(adversary.parameters(), 1e-2, betas=(0.8, 0.99))
    pair = signal(0), signal(1, scale=0.02)
    losses = []
    for _ in range(12):
        loss, _ = adversary.discriminator_loss(*pair)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_scores_in_half_precision_are_averaged_in_single(adversary):
    with torch.autocast("cpu", torch.bfloat16):
        terms = adversary.generator_terms(signal(0), signal(1))
    assert all(term.dtype == torch.float32 for term in terms.values())


def test_weights_survive_a_checkpoint(adversary):
    torch.manual_seed(1)
    other = VocoderAdversary(**SMALL)
    other.load_state_dict(adversary.state_dict())
    pair = signal(0), signal(1)
    torch.testing.assert_close(other.discriminator_loss(*pair)[0], adversary.discriminator_loss(*pair)[0])


def test_names_in_configurations():
    assert ADVERSARIES["vocoder"] is VocoderAdversary
    with pytest.raises(TypeError, match="multi_resolutoin"):
        VocoderAdversary(multi_resolutoin={})
