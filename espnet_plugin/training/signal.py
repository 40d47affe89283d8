"""What losses and adversaries get to know of one batch."""

from typing import NamedTuple

from torch import Tensor


class Signal(NamedTuple):
    """A batch of segments in the three forms that training compares.

    Attributes:
        wave: (B, N) at 16 kHz, in units of the recording's peak.
        magnitude: (B, F, T), compressed.
        phase: (B, F, T) in radians.
    """

    wave: Tensor
    magnitude: Tensor
    phase: Tensor

    def detach(self) -> "Signal":
        """The same values without gradient."""
        return Signal(*(part.detach() for part in self))


class Wave(NamedTuple):
    """A batch of segments as waves alone.

    Attributes:
        wave: (B, N).
    """

    wave: Tensor

    def detach(self) -> "Wave":
        """The same values without gradient."""
        return Wave(self.wave.detach())


class Fused(NamedTuple):
    """A batch of segments as the waves of GAP-URGENet's fusion and of one of its branches.

    Attributes:
        wave: (B, N) at 48 kHz.
        generative: (B, M) at 16 kHz.
    """

    wave: Tensor
    generative: Tensor

    def detach(self) -> "Fused":
        """The same values without gradient."""
        return Fused(self.wave.detach(), self.generative.detach())


class Features(NamedTuple):
    """A batch of segments as features of an encoder.

    Attributes:
        features: (B, T, C).
    """

    features: Tensor

    def detach(self) -> "Features":
        """The same values without gradient."""
        return Features(self.features.detach())
