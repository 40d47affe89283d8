"""Convolution followed by the discriminators' activation, arranged for the speed of CPUs.

The wide convolutions of the discriminators are most of a training step on a CPU. oneDNN computes their
outputs and input gradients fastest with channels innermost in memory, weight gradients the other way, and
convolutions without dilation twice as fast as dilated ones.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight

NEGATIVE_SLOPE = 0.1


def convolve(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """The output of ``layer``, on CPUs in the fastest arrangement.

    Args:
        layer: zero-padded; if dilated, then along the first axis only and padded to keep its length.
        x: (B, C, T, F).
    """
    if x.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return layer(x)
    return _ArrangedConvolution.apply(
        x, layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation[0]
    )


def convolve_and_activate(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """``convolve``, then leaky ReLU in the same memory."""
    return functional.leaky_relu(convolve(layer, x), NEGATIVE_SLOPE, inplace=True)


class _ArrangedConvolution(torch.autograd.Function):
    """conv2d with channels innermost but for weight gradients, and with the dilation in the batch axis."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, stride, padding, dilation: int) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        weight = weight.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        ctx.geometry = stride, (padding[0] // dilation, padding[1])
        y = functional.conv2d(_split_rows(x, dilation), weight, bias, *ctx.geometry)
        return _merge_rows(y, dilation, x.shape[2])

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        x, weight = ctx.saved_tensors
        rows = x.shape[2]
        x = _split_rows(x, ctx.dilation)
        split = _split_rows(gradient.contiguous(memory_format=torch.channels_last), ctx.dilation)
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_x = conv2d_input(x.shape, weight, split, *ctx.geometry)
            of_x = _merge_rows(of_x, ctx.dilation, rows)
        if ctx.needs_input_grad[1]:
            of_weight = conv2d_weight(x.contiguous(), weight.shape, split.contiguous(), *ctx.geometry)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum((0, 2, 3))
        return of_x, of_weight, of_bias, None, None, None


def _split_rows(x: Tensor, parts: int) -> Tensor:
    """(B, C, T, F) to (B parts, C, T / parts, F): rows ``parts`` apart form an item; zero-padded."""
    if parts == 1:
        return x
    rows = functional.pad(x.permute(0, 2, 3, 1), (0, 0, 0, 0, 0, -x.shape[2] % parts))
    rows = rows.unflatten(1, (-1, parts)).transpose(1, 2).flatten(0, 1)
    return rows.permute(0, 3, 1, 2)


def _merge_rows(x: Tensor, parts: int, rows: int) -> Tensor:
    """The way back, to the first ``rows`` rows of (B, C, T, F)."""
    if parts == 1:
        return x
    x = x.unflatten(0, (-1, parts))
    shape = (x.shape[0], x.shape[2], rows, x.shape[4])
    merged = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
    for part in range(parts):
        target = merged[:, :, part::parts]
        target.copy_(x[:, part, :, : target.shape[2]])
    return merged
