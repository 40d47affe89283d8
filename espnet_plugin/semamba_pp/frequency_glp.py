"""Frequency GLP: global and local processing along the bins (specification, section 3).

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

import numpy as np
import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import gelu, gelu_, map_kernels_work
from espnet_plugin.semamba_pp.convolution import merge_maps
from espnet_plugin.semamba_pp.fan import GatedFan
from espnet_plugin.semamba_pp.precision import precision_of


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

    def weights_of_tiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights (layers, values, C, C) and biases (layers, values, C) for `convolve_bins`."""
        from espnet_plugin.semamba_pp.tile_transform import FOUR

        taps = np.stack([convolution.weight.detach().numpy()[:, :, 0] for convolution in self.convolutions])
        weights = FOUR.weights_of(np.moveaxis(taps, -1, 0)).swapaxes(0, 1)
        biases = np.zeros(weights.shape[:3])
        # All results of a tile take in the value at point 1 once, and so whatever is added to it.
        biases[:, 1] = [convolution.bias.detach().numpy() for convolution in self.convolutions]
        return weights, biases


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

    def with_residual_(self, x: Tensor) -> Tensor:
        """The module's output plus x; in place where the kernel works, for maps that nobody else needs."""
        if type(self.global_path) is not GlobalPath or not map_kernels_work(x):
            return self(x) + x
        from espnet_plugin.semamba_pp.level_kernels import FRAMES, glp_kernel
        from espnet_plugin.semamba_pp.matrix_product import fill_tiles, pack
        from espnet_plugin.threads import run_in_threads

        precision = precision_of(self)
        layers = [fill_tiles(*pair, precision) for pair in self.global_path.fan.weights_and_biases()]
        layers.append(pack(*self.local_path.weights_of_tiles(), precision))
        layers.append(pack(self.merge.weight.flatten(1), self.merge.bias, precision))
        maps = x.permute(0, 2, 3, 1).contiguous()
        arrays = maps.flatten(0, 1).numpy(), *layers, precision
        run_in_threads(glp_kernel, arrays, maps.shape[0] * maps.shape[1], FRAMES)
        return maps.permute(0, 3, 1, 2)
