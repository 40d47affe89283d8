"""Losses, discriminators and schedule of GAP-URGENet's training against the official numbers."""

import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from espnet_plugin.training.losses import HybridLoss, MelLoss
from espnet_plugin.training.schedule import WarmupCosine
from tests.gap_urgenet.parity import fixture
from tests.training.gap_rule_made import rule_made_adversary, rule_made_feature_discriminator

pytestmark = pytest.mark.shared
LIMIT = 1e-4


@pytest.fixture(scope="module")
def official(shared):
    numbers = fixture(shared)
    return {name.removeprefix("loss/"): value for name, value in numbers.items() if name.startswith("loss/")}


@pytest.fixture(scope="module")
def waves(official):
    return [torch.from_numpy(official[name]) for name in ("clean_48k", "esti_48k")]


def test_hybrid_loss(official, waves):
    assert HybridLoss()(*waves).item() == pytest.approx(official["hybrid"], rel=LIMIT)
    assert HybridLoss("clean")(*waves).item() != pytest.approx(official["hybrid"], rel=LIMIT)


def test_mel_loss(official, waves):
    loss = MelLoss(48000, MelLoss.SEVEN_RESOLUTIONS)
    assert loss(*waves).item() == pytest.approx(official["mel"], rel=LIMIT)


def test_wave_discriminators(official, waves):
    adversary = rule_made_adversary()
    assert sum(parameter.numel() for parameter in adversary.parameters()) == official["dis_params"]
    clean, restored = (SimpleNamespace(wave=wave) for wave in waves)
    with torch.inference_mode():
        judged = adversary.judge(restored.wave)
        means = [one.score.mean().item() for judgements in judged.values() for one in judgements]
        assert means == pytest.approx(official["dis_scores_fake_mean"].tolist(), rel=LIMIT)
        terms = adversary.generator_terms(clean, restored)
        assert terms["adversarial"].item() == pytest.approx(official["adv"], rel=LIMIT)
        assert terms["feature_matching"].item() == pytest.approx(official["fm"], rel=LIMIT)
        loss, parts = adversary.discriminator_loss(clean, restored)
        assert loss.item() == pytest.approx(official["d"], rel=LIMIT)
        assert set(parts) == {"discriminator_multi_period", "discriminator_multi_band"}


def test_feature_discriminator(official):
    discriminator = rule_made_feature_discriminator()
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == official["ada_dis_params"]
    random = np.random.RandomState(zlib.crc32(b"loss"))
    random.standard_normal((1, 24000))
    feature = torch.from_numpy(random.standard_normal((1, 40, 1024)).astype(np.float32))
    with torch.inference_mode():
        for factor, name in ((1.0, "ada_dis_real_mean"), (0.8, "ada_dis_fake_mean")):
            means = [judgement.score.mean().item() for judgement in discriminator(factor * feature)]
            assert means == pytest.approx(official[name].tolist(), abs=1e-6)


def test_schedule(official):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = WarmupCosine(optimizer, 1e-4, 1e-6, 10_000, 110_000)
    rates = [schedule.rate(int(step)) for step in official["lr_steps"]]
    assert rates == pytest.approx(official["lr_predictor"].tolist(), rel=LIMIT)
