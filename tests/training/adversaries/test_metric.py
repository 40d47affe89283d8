"""Metric adversary: targets from the measured quality, items without one, whose gradient goes where."""

import math

import pytest
import torch

from espnet_plugin.training.adversaries import MetricAdversary
from espnet_plugin.training.signal import Signal


def signal(seed, items=2):
    generator = torch.Generator().manual_seed(seed)
    return Signal(
        torch.randn(items, 800, generator=generator) * 0.1,
        torch.rand(items, 41, 33, generator=generator),
        torch.rand(items, 41, 33, generator=generator),
    )


def build(scores):
    torch.manual_seed(0)
    return MetricAdversary(lambda clean, restored: scores, channels=4, dropout=0.0).eval()


@pytest.mark.parametrize("pesq, quality", [(1.0, 0.0), (2.75, 0.5), (4.5, 1.0), (4.64, 1.0)])
def test_target_is_the_measured_quality(pesq, quality):
    adversary, clean, restored = build([pesq, pesq]), signal(0), signal(1)
    predicted = adversary.discriminator(clean.magnitude, restored.magnitude)
    perfect = adversary.discriminator(clean.magnitude, clean.magnitude)
    loss, values = adversary.discriminator_loss(clean, restored)
    of_clean, of_restored = (perfect - 1).square().mean(), (predicted - quality).square().mean()
    torch.testing.assert_close(values["discriminator_clean"], of_clean.detach())
    torch.testing.assert_close(values["discriminator_restored"], of_restored.detach())
    torch.testing.assert_close(loss, of_clean + of_restored)
    assert values["pesq"].item() == pytest.approx(pesq)


def test_items_without_pesq_are_left_out():
    clean, restored = signal(0), signal(1)
    second = [Signal(*(part[1:] for part in pair)) for pair in (clean, restored)]
    _, values = build([math.nan, 2.75]).discriminator_loss(clean, restored)
    _, alone = build([2.75]).discriminator_loss(*second)
    torch.testing.assert_close(values["discriminator_restored"], alone["discriminator_restored"])
    assert values["pesq"].item() == 2.75


def test_a_batch_without_any_pesq_teaches_what_clean_speech_is():
    adversary = build([math.nan, math.nan])
    loss, values = adversary.discriminator_loss(signal(0), signal(1))
    assert float(values["discriminator_restored"]) == 0.0
    assert float(loss.detach()) == pytest.approx(float(values["discriminator_clean"]))
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in adversary.parameters())


def test_measure_gets_plain_waves():
    seen = {}

    def measure(clean, restored):
        seen.update(clean=clean, restored=restored)
        return [3.0, 3.0]

    clean, restored = signal(0), Signal(*(part.double().requires_grad_() for part in signal(1)))
    adversary = MetricAdversary(measure, channels=4).double()
    adversary.discriminator_loss(Signal(*(part.double() for part in clean)), restored)
    assert not seen["restored"].requires_grad and seen["restored"].dtype == torch.float32
    torch.testing.assert_close(seen["clean"], clean.wave)


def test_generator_term_teaches_the_generator_only():
    adversary = build([3.0, 3.0])
    restored = Signal(*(part.requires_grad_() for part in signal(1)))
    terms = adversary.generator_terms(signal(0), restored)
    assert set(terms) == set(MetricAdversary.DEFAULT_WEIGHTS)
    terms["metric"].backward()
    assert restored.magnitude.grad.any() and restored.wave.grad is None
    assert all(parameter.grad is None and parameter.requires_grad for parameter in adversary.parameters())


def test_discriminator_loss_teaches_the_discriminator_only():
    adversary = build([3.0, 3.0])
    restored = Signal(*(part.requires_grad_() for part in signal(1)))
    adversary.discriminator_loss(signal(0), restored)[0].backward()
    assert restored.magnitude.grad is None
    assert all(parameter.grad is not None for parameter in adversary.parameters())
