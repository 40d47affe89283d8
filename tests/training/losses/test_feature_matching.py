"""Feature matching by hand."""

import pytest
import torch

from espnet_plugin.training.discriminators import Judgement
from espnet_plugin.training.losses import feature_matching_loss


def judgement(*maps):
    return Judgement(torch.zeros(1), [torch.tensor(values) for values in maps])


def test_twice_the_mean_difference_of_every_map():
    clean = [judgement([1.0, 1.0], [0.0]), judgement([5.0])]
    restored = [judgement([2.0, 4.0], [0.5]), judgement([5.0])]
    assert float(feature_matching_loss(clean, restored)) == pytest.approx(2 * (2.0 + 0.5 + 0.0))


def test_numbers_of_maps_must_agree():
    with pytest.raises(ValueError):
        feature_matching_loss([judgement([1.0])], [judgement([1.0], [1.0])])
