"""A Conformer block along the bins."""

import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.frequency_modules.along_bins import AlongBins


class FeedForward(nn.Sequential):
    """Norm, linear layer to `expansion` times the channels, SiLU, linear layer back.

    Args:
        channels: C.
        expansion: hidden units per channel.
    """

    def __init__(self, channels: int, expansion: int):
        super().__init__(
            nn.LayerNorm(channels),
            nn.Linear(channels, expansion * channels),
            nn.SiLU(),
            nn.Linear(expansion * channels, channels),
        )


class ConvolutionPart(nn.Module):
    """Norm, gated linear unit, depthwise convolution, norm, SiLU, linear layer.

    The inner norm is a layer norm: the batch norm of the published Conformer would make training and
    enhancement differ.

    Args:
        channels: C.
        expansion: inner channels per channel.
        width: taps of the depthwise convolution; odd.
    """

    def __init__(self, channels: int, expansion: int, width: int):
        super().__init__()
        inner = expansion * channels
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, 2 * inner)
        self.depthwise = nn.Conv1d(inner, inner, width, padding=width // 2, groups=inner)
        self.inner_norm = nn.LayerNorm(inner)
        self.output = nn.Linear(inner, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(S, F, C) to (S, F, C)."""
        x = functional.glu(self.expand(self.norm(x)), -1)
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return self.output(functional.silu(self.inner_norm(x)))


class FrequencyConformer(AlongBins):
    """Half a feed-forward part, self-attention, convolution, another half, a norm (Gulati et al., 2020).

    Args:
        channels: C.
        bins: F; not needed, for its weights do not depend on it.
        heads: of the attention, which has no position codes: the convolution knows the order.
        feed_forward_expansion: hidden units of a feed-forward part per channel.
        convolution_expansion: inner channels of the convolution part per channel.
        width: taps of its depthwise convolution; odd.

    Raises:
        ValueError: an even width.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        heads: int = 4,
        feed_forward_expansion: int = 4,
        convolution_expansion: int = 2,
        width: int = 31,
    ):
        super().__init__()
        if width % 2 == 0:
            raise ValueError(f"the convolution of a Conformer needs an odd width, not {width}")
        self.first = FeedForward(channels, feed_forward_expansion)
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.convolution = ConvolutionPart(channels, convolution_expansion, width)
        self.second = FeedForward(channels, feed_forward_expansion)
        self.norm = nn.LayerNorm(channels)

    def mix(self, sequences: Tensor) -> Tensor:
        x = 0.5 * self.first(sequences) + sequences
        y = self.attention_norm(x)
        x = self.attention(y, y, y, need_weights=False)[0] + x
        x = self.convolution(x) + x
        return self.norm(0.5 * self.second(x) + x)
