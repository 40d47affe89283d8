"""Mamba along the frames, in both directions (specification, section 3).

Sequences are (S, T, C): one per item and bin, frames, channels.
"""

import math

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import in_order_of_memory
from espnet_plugin.semamba_pp.precision import precision_of
from espnet_plugin.semamba_pp.selective_scan import choose, selective_scan


def kernel_works(x: Tensor, mixer: "MambaMixer") -> bool:
    """Whether layers with such a mixer may run as kernels: on CPUs, in float32, without gradients."""
    if torch.is_grad_enabled() or x.dtype != torch.float32 or torch.is_autocast_enabled(x.device.type):
        return False
    form = choose(x.device, x.dtype) if mixer.scan == "auto" else mixer.scan
    if form != "cpu" or x.device.type != "cpu":
        return False
    from espnet_plugin.semamba_pp.lanes import LANES
    from espnet_plugin.semamba_pp.pointwise import WIDTH

    return len(mixer.direct) % LANES == 0 and x.shape[-1] % WIDTH == 0


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
        decays = [math.log(number) for number in range(1, state_size + 1)]
        self.log_decay = nn.Parameter(torch.tensor([decays] * inner))
        self.direct = nn.Parameter(torch.ones(inner))
        self.output = nn.Linear(inner, channels, bias=False)
        self._initialise_step()

    def _initialise_step(self):
        """Start with step sizes spread log-uniformly over 1 ms to 100 ms of the paper's time unit."""
        if self.step.bias.is_meta:  # nothing to fill, and some operations would import torch's compiler
            return
        nn.init.uniform_(self.step.weight, -(self.rank**-0.5), self.rank**-0.5)
        low, high = math.log(0.001), math.log(0.1)
        step = torch.exp(torch.empty_like(self.step.bias).uniform_(low, high)).clamp(min=1e-4)
        with torch.no_grad():  # the inverse of softplus
            self.step.bias.copy_(step + torch.log(-torch.expm1(-step)))

    def forward(self, x: Tensor, backward: bool = False) -> Tensor:
        """(S, T, C) to (S, T, C), from the first frame to the last or backward."""
        return self._run(x.flip(1)).flip(1) if backward else self._run(x)

    def _run(self, x: Tensor) -> Tensor:
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
        # Called as a function, for under autocast the module would mix precisions and be slow.
        weight = self.norm.weight.to(x.dtype)
        return functional.rms_norm(x, weight.shape, weight, self.norm.eps)

    def kernel_weights(self) -> list:
        """What `direction_kernel` takes between the residual and the output."""
        from espnet_plugin.semamba_pp.lanes import LOG2_E
        from espnet_plugin.semamba_pp.matrix_product import pack

        mixer = self.mixer
        inner, gating = (pack(half) for half in mixer.input.weight.chunk(2))
        rows = mixer.convolution.weight[:, 0].T, mixer.convolution.bias
        rows += mixer.step.weight.T, mixer.step.bias, mixer.direct, mixer.log_decay.T
        taps, tap_bias, *step, direct, log_decay = (row.detach().contiguous().numpy() for row in rows)
        scan = *step, -np.exp(log_decay) * np.float32(LOG2_E), direct
        parameters = pack(mixer.parameters_of_input.weight)
        return [inner, gating, taps, tap_bias, parameters, *scan]


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
        if kernel_works(x, self.forward_layer.mixer):
            return self.run_kernel(x)
        return self.merge(torch.cat((self.forward_layer(x), self.backward_layer(x, backward=True)), -1)) + x

    def run_kernel(self, x: Tensor, norm: nn.LayerNorm | None = None) -> Tensor:
        """The same where the kernel works, with a norm behind it."""
        return run_both_directions(x, (self.forward_layer, self.backward_layer), self.merge, True, norm)


def run_both_directions(
    x: Tensor,
    layers: tuple[MambaLayer, MambaLayer],
    merge: nn.Linear,
    residual: bool,
    norm: nn.LayerNorm | None = None,
) -> Tensor:
    """A linear merge of what one layer makes of x forward and another one backward, where the kernel works.

    Args:
        x: (S, T, C).
        layers: the forward and the backward one.
        merge: from 2 C to C.
        residual: add x.
        norm: applied to the result.

    Returns:
        (S, T, C), in the order of x in memory.
    """
    from espnet_plugin.semamba_pp.mamba_kernels import SEQUENCES, direction_kernel
    from espnet_plugin.semamba_pp.matrix_product import pack
    from espnet_plugin.threads import run_in_threads

    sequences, steps, channels = x.shape
    if x.stride(2) != 1 or in_order_of_memory(x) is None:
        x = x.contiguous()
    y = torch.empty_like(x)  # as x has no gaps, in the same order
    halves = merge.weight.split(channels, 1)
    # The layers' last product and the merge are both linear, and so are the residuals.
    passed = pack(halves[0] + halves[1] + residual * torch.eye(channels), merge.bias)
    no_norm = np.empty(0, np.float32), np.empty(0, np.float32), 0.0
    level = no_norm if norm is None else (norm.weight.detach().numpy(), norm.bias.detach().numpy(), norm.eps)
    place = in_order_of_memory(x), x.stride(1), x.stride(0), steps
    for backward, (layer, half) in enumerate(zip(layers, halves)):
        of_layer = layer.norm.weight.detach().numpy(), layer.norm.eps, passed, *layer.kernel_weights()
        last = layer.mixer.output.weight.detach().numpy()
        # By sums, for a product of matrices would wake threads up and take longer.
        output = pack(np.einsum("ij,jk->ik", half.detach().numpy(), last))
        arrays = *place, bool(backward), *of_layer, output, bool(backward), *(level if backward else no_norm)
        arrays = *arrays, in_order_of_memory(y), precision_of(merge)
        run_in_threads(direction_kernel, arrays, sequences, SEQUENCES, aligned=False)
    return y
