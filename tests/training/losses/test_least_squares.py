"""Least-squares losses by hand."""

import pytest
import torch

from espnet_plugin.training.discriminators import Judgement
from espnet_plugin.training.losses import adversarial_loss, discrimination_loss


def judgements(*scores):
    return [Judgement(torch.tensor(score), []) for score in scores]


def test_generator_pays_for_scores_away_from_1():
    assert float(adversarial_loss(judgements([[1.0, 0.0]], [[3.0]]))) == pytest.approx(0.5 + 4.0)


def test_discriminators_pay_for_both_kinds():
    loss = discrimination_loss(judgements([[0.5]], [[1.0]]), judgements([[2.0, 0.0]], [[-1.0]]))
    assert float(loss) == pytest.approx((0.25 + 2.0) + (0.0 + 1.0))


def test_numbers_of_judgements_must_agree():
    with pytest.raises(ValueError):
        discrimination_loss(judgements([[1.0]]), judgements([[1.0]], [[1.0]]))
