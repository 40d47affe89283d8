"""The convolution unit that the whole network is built of.

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from espnet_plugin.semamba_pp.activation import kernels_work, map_kernels_work


class ConvolutionUnit(nn.Module):
    """Convolution, instance norm over the (T, F) plane of each item, PReLU with a slope per channel.

    The norm takes its statistics from the whole plane, so padding an item or cutting it in
    pieces changes the result (specification, section 1, "Batching").

    Args:
        convolution: a `Conv2d` or `ConvTranspose2d`.
    """

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d):
        super().__init__()
        channels = convolution.out_channels
        self.convolution = convolution
        self.norm = nn.InstanceNorm2d(channels, affine=True)
        self.activation = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        if _halves_or_doubles_bins(self.convolution, x) and map_kernels_work(x):
            return self._resample(x)
        x = convolve(self.convolution, x)
        if x.shape[0] == 1 and kernels_work(x) and x.stride(1) == 1:
            return self._norm_and_activate(x)
        if x.shape[0] == 1:
            # The batch norm of a single item is its instance norm, and leaves channels innermost
            # in memory if they are; InstanceNorm2d would copy.
            norm = self.norm
            x = functional.batch_norm(x, None, None, norm.weight, norm.bias, training=True, eps=norm.eps)
        else:
            x = self.norm(x)
        return self.activation(x)

    def _norm_and_activate(self, x: Tensor) -> Tensor:
        """Norm and PReLU of one item without gradients, in place if x has channels innermost and no gaps."""
        from espnet_plugin.semamba_pp import norm_kernels
        from espnet_plugin.threads import run_in_threads

        frames = x[0].permute(1, 2, 0).contiguous()
        statistics = torch.empty(len(frames), 2, frames.shape[2])
        run_in_threads(norm_kernels.moments_kernel, (frames.numpy(), statistics.numpy()), len(frames))
        return self._rectify(frames, statistics)

    def _rectify(self, frames: Tensor, statistics: Tensor) -> Tensor:
        """Norm and PReLU of the convolution's result (T, F, C), in place; (1, C, T, F)."""
        from espnet_plugin.semamba_pp.norm_kernels import scale_and_rectify_kernel
        from espnet_plugin.threads import run_in_threads

        arrays = frames.numpy(), self.factors(statistics).numpy(), frames.numpy()
        run_in_threads(scale_and_rectify_kernel, arrays, len(frames))
        return frames[None].permute(0, 3, 1, 2)

    def _resample(self, x: Tensor) -> Tensor:
        """The unit where it halves or doubles the bins of one item, (1, C, T, F)."""
        from espnet_plugin.semamba_pp.resampling_kernels import RESULTS, resampling_kernel
        from espnet_plugin.threads import run_in_threads

        frames = x[0].permute(1, 2, 0).contiguous()
        count, bins, channels = frames.shape
        doubles = isinstance(self.convolution, nn.ConvTranspose2d)
        y = torch.empty(count, 2 * bins if doubles else bins // 2, channels)
        statistics = torch.empty(count, 2, channels)
        weights = _resampling_weights(self.convolution)
        arrays = frames.numpy(), *weights, 1 if doubles else 2
        run_in_threads(resampling_kernel, (*arrays, y.numpy(), statistics.numpy()), -(-count // RESULTS))
        return self._rectify(y, statistics)

    def factors(self, statistics: Tensor) -> Tensor:
        """Scale, offset and slope for negative values, (3, C), which together are the norm and the PReLU.

        Args:
            statistics: mean and variance of each frame of the convolution's result, (T, 2, C).
        """
        # By NumPy, whose sums do not depend on threads, and wake none up for so little.
        frames = statistics.numpy()
        mean, variance = torch.from_numpy(frames.mean(0, dtype=np.float64))
        variance = variance + torch.from_numpy(frames[:, 0].var(0, dtype=np.float64))
        scale = self.norm.weight / (variance + self.norm.eps).sqrt()
        return torch.stack((scale, self.norm.bias - mean * scale, self.activation.weight)).float()


def _halves_or_doubles_bins(convolution: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> bool:
    """Whether it is the step between two levels, for one item."""
    sizes = convolution.kernel_size, convolution.stride, convolution.padding
    doubles = isinstance(convolution, nn.ConvTranspose2d)
    return sizes == ((3, 4), (1, 2), (1, 1)) and len(x) == 1 and (doubles or x.shape[3] % 2 == 0)


def _resampling_weights(convolution: nn.Conv2d | nn.ConvTranspose2d) -> tuple:
    """As `resampling_kernel` reads them; the norm behind takes the bias away."""
    from espnet_plugin.semamba_pp.matrix_product import pack
    from espnet_plugin.semamba_pp.tile_transform import FOUR

    taps = convolution.weight.detach().numpy().transpose(2, 0, 1, 3)[None]  # (parities, 3, N, C, bins)
    if isinstance(convolution, nn.ConvTranspose2d):
        # Bin 2 p is tap 3 of bin p - 1 and tap 1 of bin p, bin 2 p + 1 is tap 2 of bin p and tap 0 of the
        # next.
        taps = taps[0, ::-1].swapaxes(1, 2)
        taps = np.stack((taps[..., [3, 1]], taps[..., [2, 0]]))
    products = FOUR.weights_of(taps.swapaxes(0, 1)).transpose(1, 0, 2, 4, 3)
    return pack(products.reshape(*products.shape[:3], -1))


def convolve(convolution: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """What `convolution(x)` computes; single items faster where it is 1x1, or 1x3 and changes the bins."""
    if x.shape[0] > 1 or not kernels_work(x) or torch.is_autocast_enabled("cpu"):
        return convolution(x)
    if convolution.kernel_size == (1, 1):
        frames = x[0].permute(1, 2, 0)
        y = torch.addmm(convolution.bias, frames.flatten(0, 1), convolution.weight[:, :, 0, 0].T)
        return y.view(1, *frames.shape[:2], -1).permute(0, 3, 1, 2)
    sizes = convolution.kernel_size, convolution.stride, convolution.padding
    if sizes != ((1, 3), (1, 2), (0, 0)) or not map_kernels_work(x) or not _has_whole_vectors(convolution):
        return convolution(x)
    from espnet_plugin.semamba_pp.matrix_product import pack
    from espnet_plugin.semamba_pp.resampling_kernels import bins_kernel
    from espnet_plugin.threads import run_in_threads

    frames = x[0].permute(1, 2, 0).contiguous()
    count, bins, _ = frames.shape
    if isinstance(convolution, nn.ConvTranspose2d):
        # Bin 2 p is tap 0 of bin p and tap 2 of bin p - 1, bin 2 p + 1 is tap 1 of bin p.
        first, second, third = convolution.weight[:, :, 0].transpose(0, 1).unbind(2)
        even, odd = torch.cat((third, first), 1), torch.cat((torch.zeros_like(second), second), 1)
        weight, bias, new_bins = torch.cat((even, odd)), convolution.bias.repeat(2), 2 * bins + 1
        in_front, step = 1, 1
    else:
        weight, bias = convolution.weight[:, :, 0].transpose(1, 2).flatten(1), convolution.bias
        in_front, step, new_bins = 0, 2, (bins - 1) // 2
    y = torch.empty(count, new_bins, convolution.out_channels)
    run_in_threads(bins_kernel, (frames.numpy(), pack(weight, bias), in_front, step, y.numpy()), count)
    return y[None].permute(0, 3, 1, 2)


def _has_whole_vectors(convolution: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    from espnet_plugin.semamba_pp.lanes import LANES

    return convolution.out_channels % LANES == 0


def merge_maps(convolution: nn.Conv2d, first: Tensor, second: Tensor) -> Tensor:
    """A 1x1 convolution of two maps, (B, C, T, F) each, as if they were concatenated along C.

    Single items without gradients are multiplied one map after the other into the same
    result, whatever their order in memory: concatenation would bring them into one order.
    """
    if first.shape[0] > 1 or torch.is_grad_enabled() or torch.is_autocast_enabled(first.device.type):
        return convolution(torch.cat((first, second), 1))
    columns = [x[0].permute(1, 2, 0).flatten(0, 1) if channels_innermost(x) else x[0].flatten(1).T
               for x in (first, second)]  # (T F, C)
    weights = convolution.weight[:, :, 0, 0].T.split([x.shape[1] for x in columns])
    merged = torch.addmm(convolution.bias, columns[0], weights[0]).addmm_(columns[1], weights[1])
    return merged.view(1, *first.shape[2:], -1).permute(0, 3, 1, 2)


def channels_innermost(x: Tensor) -> bool:
    """Whether neighbours in memory are channels of one frame and bin."""
    return x.is_contiguous(memory_format=torch.channels_last)


def downsample(channels: int) -> ConvolutionUnit:
    """Halve the number of bins: (B, C, T, F) to (B, C, T, F // 2). Specification, section 3."""
    return ConvolutionUnit(nn.Conv2d(channels, channels, (3, 4), stride=(1, 2), padding=(1, 1)))


def upsample(channels: int) -> ConvolutionUnit:
    """Double the number of bins: (B, C, T, F) to (B, C, T, 2 F). Specification, section 3."""
    return ConvolutionUnit(nn.ConvTranspose2d(channels, channels, (3, 4), stride=(1, 2), padding=(1, 1)))
