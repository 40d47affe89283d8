"""Mamba along the frames, in both directions (specification, section 3).

Sequences are (S, T, C): one per item and bin, frames, channels.
"""

import math

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.linear import linear
from espnet_plugin.semamba_pp.selective_scan import choose, selective_scan


def fused_form_works(x: Tensor, mixer: "MambaMixer") -> bool:
    """Whether a mixer may run in the form for inference: on CPUs, in float32, without gradients."""
    if torch.is_grad_enabled() or x.dtype != torch.float32 or torch.is_autocast_enabled(x.device.type):
        return False
    form = choose(x.device, x.dtype) if mixer.scan == "auto" else mixer.scan
    if form != "cpu" or x.device.type != "cpu":
        return False
    from espnet_plugin.semamba_pp.selective_scan.kernels import LANES

    return len(mixer.direct) % LANES == 0


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
        if fused_form_works(x, self):
            return linear(self.hidden(x, backward), self.output.weight)
        return self._plain(x.flip(1)).flip(1) if backward else self._plain(x)

    def hidden(self, x: Tensor, backward: bool) -> Tensor:
        """What `_plain` computes before its last product, (S, T, D), where the fused form works.

        It makes few passes over memory: the time goes there, not into arithmetic.
        """
        from espnet_plugin.semamba_pp.selective_scan.cpu import convolve, gated_scan_

        projected = linear(x, self.input.weight)
        u = convolve(projected, self.convolution.weight, self.convolution.bias, backward)
        parameters = linear(u, self.parameters_of_input.weight)
        gated_scan_(u, parameters, projected, self.step, -torch.exp(self.log_decay), self.direct, backward)
        return u

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
        return self.mixer(self.normalise(x), backward) + x

    def normalise(self, x: Tensor) -> Tensor:
        """The norm alone."""
        if not fused_form_works(x, self.mixer):
            # Called as a function, for under autocast the module would mix precisions and be slow.
            weight = self.norm.weight.to(x.dtype)
            return functional.rms_norm(x, weight.shape, weight, self.norm.eps)
        from espnet_plugin.semamba_pp.norm_kernels import rms_norm_kernel
        from espnet_plugin.threads import run_in_threads

        rows = x.reshape(-1, x.shape[-1]).contiguous()
        y = torch.empty_like(rows)
        arrays = rows.numpy(), self.norm.weight.detach().numpy(), self.norm.eps, y.numpy()
        run_in_threads(rms_norm_kernel, arrays, len(rows))
        return y.view(x.shape)


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
        if fused_form_works(x, self.forward_layer.mixer):
            return self._fused(x)
        return self.merge(torch.cat((self.forward_layer(x), self.backward_layer(x, backward=True)), -1)) + x

    def _fused(self, x: Tensor) -> Tensor:
        """The same as one sum of three products: the layers' last product and the merge are both linear."""
        first, second = self.merge.weight.split(x.shape[2], 1)
        residuals = first + second + torch.eye(x.shape[2])
        total = torch.addmm(self.merge.bias, x.flatten(0, 1), residuals.T)
        for layer, weight, backward in ((self.forward_layer, first, False), (self.backward_layer, second, True)):
            hidden = layer.mixer.hidden(layer.normalise(x), backward)
            total.addmm_(hidden.flatten(0, 1), (weight @ layer.mixer.output.weight).T)
        return total.view_as(x)
