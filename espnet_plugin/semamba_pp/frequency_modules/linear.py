"""Frequency GLP with plain linear layers where the periodic units were."""

import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import gelu, gelu_
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp


class GatedLinear(nn.Module):
    """Two linear layers with GELU to twice the size, a third one, and a gate back: a sigmoid(b).

    `GatedFan` without the periodic units.

    Args:
        size: size of the last axis, kept.
    """

    def __init__(self, size: int):
        super().__init__()
        self.linear1 = nn.Linear(size, 2 * size)
        self.linear2 = nn.Linear(2 * size, 2 * size)
        self.linear = nn.Linear(2 * size, 2 * size)

    def forward(self, x: Tensor) -> Tensor:
        return functional.glu(self.linear(gelu_(self.linear2(gelu_(self.linear1(x))))), -1)


class LinearGlobalPath(nn.Module):
    """The global path with `GatedLinear`.

    Args:
        bins: F.
    """

    def __init__(self, bins: int):
        super().__init__()
        self.gate = GatedLinear(bins)

    def forward(self, x: Tensor) -> Tensor:
        return self.gate(gelu(x))


class LinearGlp(FrequencyGlp):
    """Frequency GLP with that global path.

    Args:
        channels: C.
        bins: F.
    """

    def __init__(self, channels: int, bins: int):
        super().__init__(channels, bins)
        self.global_path = LinearGlobalPath(bins)
