"""Dense block, encoder and the two decoders of SEMamba++ (specification, section 2).

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import map_kernels_work
from espnet_plugin.semamba_pp.convolution import ConvolutionUnit, convolve
from espnet_plugin.threads import one_thread_without_gradients


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
        if map_kernels_work(x):
            y = torch.empty_like(x.permute(0, 2, 3, 1), memory_format=torch.contiguous_format)
            for item, result in zip(x.permute(0, 2, 3, 1), y):
                self._run_in_tiles(item, result)
            return y.permute(0, 3, 1, 2)
        features = (x,)
        for layer in self.layers:
            x = layer(torch.cat(features, 1))
            features = (x, *features)  # new features come first
        return x

    def _run_in_tiles(self, x: Tensor, y: Tensor) -> None:
        """The block of one item x, into y, both (T, F, C)."""
        from espnet_plugin.semamba_pp.dense_kernels import RUN, dense_kernel
        from espnet_plugin.semamba_pp.norm_kernels import scale_and_rectify_kernel
        from espnet_plugin.threads import run_in_threads

        x = x.contiguous()
        maps = torch.empty(len(self.layers) - 1, *x.shape)
        factors = torch.tensor([[[1.0], [0.0], [1.0]]]).repeat(1, 1, x.shape[2])  # the input stays as it is
        statistics = torch.empty(len(x), 2, x.shape[2])
        for i, (layer, result) in enumerate(zip(self.layers, (*maps, y))):
            dilation = 2**i
            runs = -(-len(x) // (dilation * RUN))
            weights = weights_of_tiles(layer.convolution.weight)
            arrays = x.numpy(), maps.numpy(), factors.numpy(), i, *weights, dilation, runs
            run_in_threads(dense_kernel, (*arrays, result.numpy(), statistics.numpy()), dilation * runs)
            factors = torch.cat((factors, layer.factors(statistics)[None]))
        run_in_threads(scale_and_rectify_kernel, (y.numpy(), factors[-1].numpy(), y.numpy()), len(y))


def weights_of_tiles(weight: Tensor) -> tuple:
    """Weights (C, C', 3, 3) of a layer as `dense_kernel` reads them.

    The norm behind takes the bias away. The newest of the C' / C maps comes first here and last there.
    """
    from espnet_plugin.semamba_pp.matrix_product import pack
    from espnet_plugin.semamba_pp.tile_transform import FOUR

    taps = weight.detach().unflatten(1, (-1, len(weight))).flip(1).flatten(1, 2).permute(3, 2, 0, 1)
    of_bins = FOUR.weights_of(taps.numpy()).swapaxes(0, 1)
    return pack(FOUR.weights_of(of_bins).swapaxes(0, 1))


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
        x = convolve(self.widen, self.dense(x))
        with one_thread_without_gradients():
            return self.scale(self.reduce(x)).squeeze(1)


class MagnitudeDecoder(BinDecoder):
    """Features (B, C, T, F') to the compressed magnitude (B, T, F): a mapping, not a mask."""

    def __init__(self, channels: int, depth: int, bins: int):
        super().__init__(channels, depth)
        self.softplus = LearnableSoftplus(bins)

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        with one_thread_without_gradients():
            return self.softplus(x)


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
        with one_thread_without_gradients():
            return torch.atan2(convolve(self.imaginary, x), convolve(self.real, x)).squeeze(1)
