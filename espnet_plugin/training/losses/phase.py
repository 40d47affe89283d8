"""Anti-wrapping phase losses: the phase itself, its slope along frequency and along time."""

import math
from typing import NamedTuple

import torch


class PhaseTerms(NamedTuple):
    """The three parts of the phase loss, each a scalar."""

    instantaneous: torch.Tensor
    group_delay: torch.Tensor
    angular_frequency: torch.Tensor


def anti_wrapping(difference: torch.Tensor) -> torch.Tensor:
    """Distance of an angle from the nearest multiple of 2 pi, in radians (0 to pi).

    Args:
        difference: phase difference in radians, any shape.
    """
    turn = 2.0 * math.pi
    return torch.abs(difference - turn * torch.round(difference / turn))


def phase_terms(clean: torch.Tensor, restored: torch.Tensor) -> PhaseTerms:
    """Anti-wrapped distances of two phases (SEMamba++ specification, section 5).

    The slopes keep the first bin (or frame) as it is, as if a zero phase stood before it. Slopes are linear,
    so the slope of the difference stands for the difference of the slopes.

    Args:
        clean: (B, F, T) phase of the clean signal in radians.
        restored: (B, F, T) phase from the network in radians.
    """
    difference = clean - restored
    return PhaseTerms(
        instantaneous=anti_wrapping(difference).mean(),
        group_delay=anti_wrapping(_slope(difference, axis=1)).mean(),
        angular_frequency=anti_wrapping(_slope(difference, axis=2)).mean(),
    )


def phase_loss(clean: torch.Tensor, restored: torch.Tensor) -> torch.Tensor:
    """Sum of the three parts of ``phase_terms``; arguments as there, returns a scalar."""
    return sum(phase_terms(clean, restored))


def _slope(phase: torch.Tensor, axis: int) -> torch.Tensor:
    before_first = torch.zeros_like(phase.narrow(axis, 0, 1))
    return torch.diff(phase, dim=axis, prepend=before_first)
