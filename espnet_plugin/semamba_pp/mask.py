"""The magnitude decoder of SEMamba: a mask instead of a mapping.

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.dense import BinDecoder


class LearnableSigmoid(nn.Module):
    """Sigmoid with a slope of its own for every bin, between 0 and `largest`.

    Args:
        bins: F.
        largest: upper limit; above 1, so that a mask can also amplify.
    """

    def __init__(self, bins: int, largest: float = 2.0):
        super().__init__()
        self.largest = largest
        self.slope = nn.Parameter(torch.ones(bins))

    def forward(self, x: Tensor) -> Tensor:
        """x is (..., F)."""
        return self.largest * torch.sigmoid(self.slope * x)


class MaskDecoder(BinDecoder):
    """Features (B, C, T, F') to a mask (B, T, F) for the compressed magnitude.

    Args:
        channels: C.
        depth: layers of the dense block.
        bins: F.
    """

    def __init__(self, channels: int, depth: int, bins: int):
        super().__init__(channels, depth)
        self.sigmoid = LearnableSigmoid(bins)

    def forward(self, x: Tensor) -> Tensor:
        return self.sigmoid(super().forward(x))
