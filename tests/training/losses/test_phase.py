"""Phase loss: full turns cost nothing, slopes are taken along the right axis."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.training.losses.phase import anti_wrapping, phase_loss, phase_terms

SIZES = st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 9))


@pytest.mark.parametrize(
    "difference, distance",
    [(0.0, 0.0), (-1.0, 1.0), (math.pi, math.pi), (2 * math.pi - 0.25, 0.25), (-6 * math.pi, 0.0)],
)
def test_anti_wrapping_by_hand(difference, distance):
    value = anti_wrapping(torch.tensor([difference], dtype=torch.float64)).item()
    assert value == pytest.approx(distance, abs=1e-12)


@given(SIZES, st.integers(0, 2**31 - 1))
def test_full_turns_cost_nothing(size, seed):
    generator = torch.Generator().manual_seed(seed)
    clean = torch.rand(size, generator=generator, dtype=torch.float64) * 2 * math.pi - math.pi
    turns = torch.randint(-2, 3, size, generator=generator).double()
    assert phase_loss(clean, clean + 2 * math.pi * turns).item() == pytest.approx(0.0, abs=1e-10)


def test_slopes_by_hand():
    clean = torch.zeros(1, 2, 3, dtype=torch.float64)
    # Two bins with three frames each.
    restored = torch.tensor([[[0.1, 0.4, 0.4], [0.3, 0.3, 1.3]]], dtype=torch.float64)
    parts = phase_terms(clean, restored)
    assert parts.instantaneous.item() == pytest.approx((0.1 + 0.4 + 0.4 + 0.3 + 0.3 + 1.3) / 6)
    assert parts.group_delay.item() == pytest.approx((0.1 + 0.4 + 0.4 + 0.2 + 0.1 + 0.9) / 6)
    assert parts.angular_frequency.item() == pytest.approx((0.1 + 0.3 + 0.0 + 0.3 + 0.0 + 1.0) / 6)


@given(SIZES, st.integers(0, 2**31 - 1))
def test_slope_of_the_difference_is_the_difference_of_the_slopes(size, seed):
    generator = torch.Generator().manual_seed(seed)
    clean, restored = (torch.rand((2, *size), generator=generator, dtype=torch.float64) * 6 - 3).unbind(0)

    def slope(phase):
        return torch.cat((-phase[:, :1], phase[:, :-1] - phase[:, 1:]), dim=1)

    expected = anti_wrapping(slope(clean) - slope(restored)).mean()
    torch.testing.assert_close(phase_terms(clean, restored).group_delay, expected)
