"""The cross-band block of SpatialNet along the bins."""

import math

import torch
import torch.nn.functional as functional
from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of feature maps (B, C, T, F)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class BandConvolution(nn.Sequential):
    """Norm, grouped convolution along the bins, PReLU: relates neighbouring bins.

    Args:
        channels: C.
        width: taps; odd.
        groups: of channels; as many as divide both numbers.
    """

    def __init__(self, channels: int, width: int, groups: int):
        super().__init__(
            ChannelNorm(channels),
            nn.Conv2d(
                channels, channels, (1, width), padding=(0, width // 2), groups=math.gcd(channels, groups)
            ),
            nn.PReLU(channels),
        )


class FullBandLinear(nn.Module):
    """Few channels, each with a linear layer over all bins: relates bins that are far from each other.

    Args:
        channels: C.
        bins: F.
        squeezed: number of channels that the linear layers see.
    """

    def __init__(self, channels: int, bins: int, squeezed: int):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.squeeze = nn.Conv2d(channels, squeezed, (1, 1))
        self.weight = nn.Parameter(torch.empty(squeezed, bins, bins))
        self.bias = nn.Parameter(torch.empty(squeezed, 1, bins))
        self.widen = nn.Conv2d(squeezed, channels, (1, 1))
        bound = bins**-0.5  # as linear layers start
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        x = functional.silu(self.squeeze(self.norm(x)))
        return functional.silu(self.widen(x @ self.weight + self.bias))


class FrequencySpatialNet(nn.Module):
    """Convolution, full-band linear layers and convolution, each with a residual (Quan and Li, 2024).

    Args:
        channels: C.
        bins: F.
        squeezed: channels of the full-band layers.
        width: taps of the convolutions; odd.
        groups: of the convolutions.

    Raises:
        ValueError: an even width.
    """

    def __init__(self, channels: int, bins: int, squeezed: int = 16, width: int = 5, groups: int = 8):
        super().__init__()
        if width % 2 == 0:
            raise ValueError(f"the convolutions of SpatialNet need an odd width, not {width}")
        self.first = BandConvolution(channels, width, groups)
        self.full_band = FullBandLinear(channels, bins, squeezed)
        self.second = BandConvolution(channels, width, groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        x = self.first(x) + x
        x = self.full_band(x) + x
        return self.second(x) + x
