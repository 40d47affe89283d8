"""Fourier analysis network (FAN) layers and the gated stack that two modules share."""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import activate, kernels_work
from espnet_plugin.semamba_pp.linear import linear


class FanLayer(nn.Module):
    """cat(cos(P x), sin(P x), GELU(G x)): a linear layer with a quarter of periodic units.

    Args:
        input_size: size of the last axis.
        output_size: size of the last axis afterwards; p = output_size // 4 units give the
            cosines and sines, the remaining output_size - 2 p the GELU part.
    """

    def __init__(self, input_size: int, output_size: int):
        super().__init__()
        periodic_size = output_size // 4
        self.periodic = nn.Linear(input_size, periodic_size)
        self.general = nn.Linear(input_size, output_size - 2 * periodic_size)

    def weight_and_bias(self) -> tuple[Tensor, Tensor]:
        """Of one product for both parts, (output_size - p, input_size) and (output_size - p,)."""
        return (
            torch.cat((self.periodic.weight, self.general.weight)),
            torch.cat((self.periodic.bias, self.general.bias)),
        )

    def forward(self, x: Tensor) -> Tensor:
        sizes = self.periodic.out_features, self.general.out_features
        x = linear(x, *self.weight_and_bias())
        if kernels_work(x):
            return activate(x, self.periodic.out_features)
        angle, general = x.split(sizes, -1)
        return torch.cat((angle.cos(), angle.sin(), functional.gelu(general)), -1)


class GatedFan(nn.Module):
    """Two FAN layers to twice the size, a linear layer, and a gate back: a sigmoid(b).

    Args:
        size: size of the last axis, kept.
    """

    def __init__(self, size: int):
        super().__init__()
        self.fan1 = FanLayer(size, 2 * size)
        self.fan2 = FanLayer(2 * size, 2 * size)
        self.linear = nn.Linear(2 * size, 2 * size)

    def weights_and_biases(self) -> list[tuple[Tensor, Tensor]]:
        """Of its three products."""
        last = self.linear.weight, self.linear.bias
        return [self.fan1.weight_and_bias(), self.fan2.weight_and_bias(), last]

    def forward(self, x: Tensor) -> Tensor:
        x = self.fan2(self.fan1(x))
        return functional.glu(linear(x, self.linear.weight, self.linear.bias), -1)
