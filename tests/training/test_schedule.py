"""The learning rate of GAP-URGENet's training."""

import pytest
import torch

from espnet_plugin.training.schedule import WarmupCosine


def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


def test_rises_falls_and_stays():
    one = optimizer()
    schedule = WarmupCosine(one, max_lr=1.0, min_lr=0.2, warmup_steps=2, decay_until=6)
    rates = []
    for _ in range(9):
        rates.append(one.param_groups[0]["lr"])
        one.step()
        schedule.step()
    assert rates == pytest.approx([0, 0.5, 1, 0.882842712, 0.6, 0.317157288, 0.2, 0.2, 0.2])


def test_continues_from_its_state():
    first = WarmupCosine(optimizer(), 1.0, 0.1, 3, 10)
    for _ in range(5):
        first.step()
    second = WarmupCosine(optimizer(), 1.0, 0.1, 3, 10)
    second.load_state_dict(first.state_dict())
    assert second.get_lr() == first.get_lr()


@pytest.mark.parametrize("wrong", [(0.1, 1.0, 3, 10), (1.0, 0.1, 10, 10), (1.0, -0.1, 3, 10)])
def test_rates_and_steps_out_of_order_are_refused(wrong):
    with pytest.raises(ValueError, match="rises to max_lr"):
        WarmupCosine(optimizer(), *wrong)
