"""Mamba along the frames, in both directions (specification, section 3).

Sequences are (S, T, C): one per item and bin, frames, channels.
"""

import math

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.selective_scan import choose, selective_scan


def fused_form_works(x: Tensor, scan: str) -> bool:
    """Whether a mixer may run in the form for inference: on CPUs, in float32, without gradients."""
    if torch.is_grad_enabled() or x.dtype != torch.float32 or torch.is_autocast_enabled(x.device.type):
        return False
    return (choose(x.device, x.dtype) if scan == "auto" else scan) == "cpu" and x.device.type == "cpu"


class MambaMixer(nn.Module):
    """The Mamba-1 mixer (Gu and Dao, 2023).

    Args:
        channels: C, of input and output.
        state_size: states per inner channel.
        expansion: inner channels D per outer channel.
        convolution_width: taps of the causal convolution.
        scan: form of the selective scan, see `selective_scan`.
    """

    def __init__(
        self,
        channels: int,
        state_size: int = 16,
        expansion: int = 2,
        convolution_width: int = 4,
        scan: str = "auto",
    ):
        super().__init__()
        inner = expansion * channels
        self.state_size = state_size
        self.rank = math.ceil(channels / 16)
        self.scan = scan
        self.input = nn.Linear(channels, 2 * inner, bias=False)
        self.convolution = nn.Conv1d(
            inner, inner, convolution_width, groups=inner, padding=convolution_width - 1
        )
        self.parameters_of_input = nn.Linear(inner, self.rank + 2 * state_size, bias=False)
        self.step = nn.Linear(self.rank, inner)
        self.log_decay = nn.Parameter(torch.arange(1, state_size + 1.0).log().repeat(inner, 1))
        self.direct = nn.Parameter(torch.ones(inner))
        self.output = nn.Linear(inner, channels, bias=False)
        self._initialise_step()

    def _initialise_step(self):
        """Start with step sizes spread log-uniformly over 1 ms to 100 ms of the paper's time unit."""
        nn.init.uniform_(self.step.weight, -(self.rank**-0.5), self.rank**-0.5)
        low, high = math.log(0.001), math.log(0.1)
        step = torch.exp(torch.empty_like(self.step.bias).uniform_(low, high)).clamp(min=1e-4)
        with torch.no_grad():  # the inverse of softplus
            self.step.bias.copy_(step + torch.log(-torch.expm1(-step)))

    def forward(self, x: Tensor, backward: bool = False) -> Tensor:
        """(S, T, C) to (S, T, C), from the first frame to the last or backward."""
        if fused_form_works(x, self.scan):
            return self._fused(x, backward)
        return self._plain(x.flip(1)).flip(1) if backward else self._plain(x)

    def _fused(self, x: Tensor, backward: bool) -> Tensor:
        """What `_plain` does with few passes over memory: the time goes there, not into arithmetic."""
        from espnet_plugin.semamba_pp.selective_scan.cpu import convolve, gated_scan_

        projected = self.input(x)
        u = convolve(projected, self.convolution.weight, self.convolution.bias, backward)
        parameters = self.parameters_of_input(u)
        gated_scan_(u, parameters, projected, self.step, -torch.exp(self.log_decay), self.direct, backward)
        return self.output(u)

    def _plain(self, x: Tensor) -> Tensor:
        u, gate = self.input(x).chunk(2, -1)
        u = functional.silu(self._convolve(u))
        rank, B, C = self.parameters_of_input(u).split((self.rank, self.state_size, self.state_size), -1)
        y = selective_scan(
            u, functional.softplus(self.step(rank)), -torch.exp(self.log_decay), B, C, self.direct, self.scan
        )
        return self.output(y * functional.silu(gate))

    def _convolve(self, u: Tensor) -> Tensor:
        """Causal convolution of each channel, (S, T, D) to (S, T, D)."""
        # As a 2-d convolution the channels may stay innermost in memory, which saves two
        # copies and is ten times as fast as Conv1d on a transposed tensor.
        image = u.transpose(1, 2).unsqueeze(2)
        taps = self.convolution.weight.unsqueeze(2)
        padding = (0, self.convolution.padding[0])
        image = functional.conv2d(image, taps, self.convolution.bias, padding=padding, groups=u.shape[2])
        return image[..., : u.shape[1]].squeeze(2).transpose(1, 2)


class MambaLayer(nn.Module):
    """Root-mean-square norm, mixer and residual: x + mixer(norm(x)); arguments as in `MambaMixer`."""

    def __init__(self, channels: int, **mixer):
        super().__init__()
        self.norm = nn.RMSNorm(channels, eps=1e-5)
        self.mixer = MambaMixer(channels, **mixer)

    def forward(self, x: Tensor, backward: bool = False) -> Tensor:
        # Called as a function, for under autocast the module would mix precisions and be slow.
        weight = self.norm.weight.to(x.dtype)
        return self.mixer(functional.rms_norm(x, weight.shape, weight, self.norm.eps), backward) + x


class TimeMamba(nn.Module):
    """One layer forward in time, one backward, a linear merge and a residual.

    Arguments as in `MambaMixer`.
    """

    def __init__(self, channels: int, **mixer):
        super().__init__()
        self.forward_layer = MambaLayer(channels, **mixer)
        self.backward_layer = MambaLayer(channels, **mixer)
        self.merge = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(S, T, C) to (S, T, C)."""
        weights = self.merge.weight.T.split(x.shape[2])
        directions = self.forward_layer(x), self.backward_layer(x, backward=True)
        if torch.is_grad_enabled() or torch.is_autocast_enabled(x.device.type):
            return self.merge(torch.cat(directions, -1)) + x
        # The same as above without making the concatenation, sum after sum into one result.
        first, second, stream = (y.flatten(0, 1) for y in (*directions, x))
        merged = torch.addmm(self.merge.bias, first, weights[0]).addmm_(second, weights[1])
        return merged.add_(stream).view_as(x)
