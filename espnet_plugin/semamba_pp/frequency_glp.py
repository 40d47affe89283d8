"""Frequency GLP: global and local processing along the bins (specification, section 3).

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import gelu, gelu_
from espnet_plugin.semamba_pp.convolution import merge_maps
from espnet_plugin.semamba_pp.fan import GatedFan


class GlobalPath(nn.Module):
    """GP: mixes all bins of a frame, with weights shared by channels and frames.

    Args:
        bins: F.
    """

    def __init__(self, bins: int):
        super().__init__()
        self.fan = GatedFan(bins)

    def forward(self, x: Tensor) -> Tensor:
        # The GELU in front is in the code of the release, not in the paper. With neighbouring bins in
        # neighbouring places the layers are one product each; otherwise they would be one per channel.
        return self.fan(gelu(x.contiguous()))


class LocalPath(nn.Module):
    """L: three short convolutions along the bins, and a residual.

    Args:
        channels: C.
        expansion: channels between the convolutions per outer channel.
    """

    def __init__(self, channels: int, expansion: int = 1):
        super().__init__()
        sizes = [channels, expansion * channels, expansion * channels, channels]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, (1, 3), padding=(0, 1)) for before, after in zip(sizes, sizes[1:])
        )

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for convolution in self.convolutions:
            y = gelu_(convolution(y))
        return y + x


class FrequencyGlp(nn.Module):
    """The global and the local path side by side, merged by a 1x1 convolution.

    Args:
        channels: C.
        bins: F.
    """

    def __init__(self, channels: int, bins: int):
        super().__init__()
        self.global_path = GlobalPath(bins)
        self.local_path = LocalPath(channels)
        self.merge = nn.Conv2d(2 * channels, channels, (1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return merge_maps(self.merge, self.global_path(x), self.local_path(x))
