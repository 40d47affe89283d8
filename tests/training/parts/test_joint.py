"""Vocoder and PostNet together: who learns from what."""

import pytest
import torch
import torchaudio.functional as audio_functional

from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.losses import MelLoss
from tests.gap_urgenet.tiny import OPTIONS
from tests.training.parts.test_parts import ADVERSARIES, part, segments


def learned(one):
    """Norm of the gradient of each network in training."""
    return {
        name: sum(float(p.grad.norm()) for p in network.parameters() if p.grad is not None)
        for name, network in one.network.items()
    }


@pytest.mark.parametrize(
    "weights, reached",
    [
        ({"mel": 15.0, "generative": 5.0}, {"vocoder", "postnet"}),
        ({"mel": 15.0, "generative": 0.0}, {"vocoder", "postnet"}),
        ({"mel": 0.0, "generative": 5.0}, {"vocoder"}),
    ],
)
def test_the_fused_wave_teaches_both_and_the_generative_branch_the_vocoder(weights, reached):
    one = part("joint", weights=weights).train()
    loss, terms = one.loss(*one.compare(*segments(one.rate_hz)))
    loss.backward()
    assert {name for name, norm in learned(one).items() if norm} == reached
    assert set(terms) == {name for name, weight in weights.items() if weight}
    assert all(parameter.grad is None for net in one.frozen.values() for parameter in net.parameters())


def test_what_the_adversary_hears_comes_of_both():
    one, adversary = part("joint").train(), ADVERSARIES["joint"]()
    target, restored = one.compare(*segments(one.rate_hz))
    sum(adversary.generator_terms(target, restored).values()).backward()
    assert all(learned(one).values())
    loss, _ = adversary.discriminator_loss(target, restored)
    one.zero_grad()
    loss.backward()
    assert not any(learned(one).values()) and all(p.grad is not None for p in adversary.parameters())


def test_it_computes_what_the_whole_network_does():
    one = part("joint").eval()
    whole = GapUrgenet(**OPTIONS).eval()
    for name, network in (*one.network.items(), *one.frozen.items()):
        getattr(whole, name).load_state_dict(network.state_dict())
    degraded, clean = segments(48000)
    with torch.no_grad():
        target, restored = one.compare(degraded, clean)
        wave = audio_functional.resample(degraded, 48000, 16000)
        lost = lost_packets(wave)
        assert lost.any()
        torch.testing.assert_close(restored.generative, whole.generative(wave, lost))
        torch.testing.assert_close(restored.wave, whole(wave, lost))
    assert torch.equal(target.wave, clean) and target.generative.shape == restored.generative.shape
    expected = MelLoss(16000, MelLoss.SEVEN_RESOLUTIONS)(target.generative, restored.generative)
    assert torch.equal(one.terms(target, restored)["generative"], expected)


def test_segments_of_no_whole_frames():
    one = part("joint").eval()
    degraded, clean = (wave[:, :-700] for wave in segments(48000))
    target, restored = one.compare(degraded, clean)
    assert restored.wave.shape == clean.shape
    assert target.generative.shape == restored.generative.shape == (2, clean.shape[1] // 960 * 320)
    assert torch.isfinite(one.loss(target, restored)[0])
