"""Dense block, encoder and the two decoders of SEMamba++ (specification, section 2).

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.convolution import ConvolutionUnit, convolve


class DenseBlock(nn.Module):
    """Convolutions whose reach in time doubles, each fed with all features before it.

    Args:
        channels: C, of the input and of every layer's output.
        depth: number of layers; layer i looks 2^i frames to either side.
    """

    def __init__(self, channels: int, depth: int = 4):
        super().__init__()
        self.layers = nn.ModuleList(
            ConvolutionUnit(
                nn.Conv2d(channels * (i + 1), channels, (3, 3), dilation=(2**i, 1), padding=(2**i, 1))
            )
            for i in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F): the last layer's output alone."""
        features = (x,)
        for layer in self.layers:
            x = layer(torch.cat(features, 1))
            features = (x, *features)  # new features come first
        return x


class Encoder(nn.Module):
    """From magnitude and phase (B, 2, T, F) to features (B, C, T, (F - 1) // 2)."""

    def __init__(self, channels: int, depth: int):
        super().__init__()
        self.expand = ConvolutionUnit(nn.Conv2d(2, channels, (1, 1)))
        self.dense = DenseBlock(channels, depth)
        self.halve = ConvolutionUnit(nn.Conv2d(channels, channels, (1, 3), stride=(1, 2)))

    def forward(self, x: Tensor) -> Tensor:
        return self.halve(self.dense(self.expand(x)))


class LearnableSoftplus(nn.Module):
    """Softplus with a slope of its own for every bin; keeps the magnitude positive.

    Args:
        bins: F.
    """

    def __init__(self, bins: int):
        super().__init__()
        # The official parameter is named beta, but it is the logarithm of the slope.
        self.log_slope = nn.Parameter(torch.zeros(bins))

    def forward(self, x: Tensor) -> Tensor:
        """y = (1/b + 1e-6) softplus(b x) with b = exp(min(log_slope, 40)); x is (..., F)."""
        slope = torch.exp(self.log_slope.clamp(max=40.0))
        return (1 / slope + 1e-6) * functional.softplus(slope * x)


class BinDecoder(nn.Module):
    """Features (B, C, T, F') to a number of any size for every frame and bin, (B, T, F)."""

    def __init__(self, channels: int, depth: int):
        super().__init__()
        self.dense = DenseBlock(channels, depth)
        self.widen = nn.ConvTranspose2d(channels, channels, (1, 3), stride=(1, 2))
        self.reduce = ConvolutionUnit(nn.Conv2d(channels, 1, (1, 1)))
        self.scale = nn.Conv2d(1, 1, (1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale(self.reduce(convolve(self.widen, self.dense(x)))).squeeze(1)


class MagnitudeDecoder(BinDecoder):
    """Features (B, C, T, F') to the compressed magnitude (B, T, F): a mapping, not a mask."""

    def __init__(self, channels: int, depth: int, bins: int):
        super().__init__(channels, depth)
        self.softplus = LearnableSoftplus(bins)

    def forward(self, x: Tensor) -> Tensor:
        return self.softplus(super().forward(x))


class PhaseDecoder(nn.Module):
    """Features (B, C, T, F') to the phase (B, T, F) in (-pi, pi]."""

    def __init__(self, channels: int, depth: int):
        super().__init__()
        self.dense = DenseBlock(channels, depth)
        self.widen = ConvolutionUnit(nn.ConvTranspose2d(channels, channels, (1, 3), stride=(1, 2)))
        self.real = nn.Conv2d(channels, 1, (1, 1))
        self.imaginary = nn.Conv2d(channels, 1, (1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.widen(self.dense(x))
        return torch.atan2(self.imaginary(x), self.real(x)).squeeze(1)
