"""The arranged convolution against the plain layer: values, gradients, and when it steps aside."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from espnet_plugin.training.discriminators.convolution import NEGATIVE_SLOPE, convolve, convolve_and_activate


def gradients(call, layer, x):
    x = x.clone().requires_grad_()
    y = call(x)
    direction = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
    return [y.detach(), *torch.autograd.grad((y * direction).sum(), [x, layer.weight, layer.bias])]


@given(
    items=st.integers(1, 3),
    channels=st.integers(1, 3),
    rows=st.integers(1, 11),
    bins=st.integers(1, 9),
    dilation=st.sampled_from([1, 2, 4]),
    stride=st.sampled_from([1, 2]),
    seed=st.integers(0, 99),
)
def test_equal_to_the_plain_layer(items, channels, rows, bins, dilation, stride, seed):
    torch.manual_seed(seed)
    layer = nn.Conv2d(
        channels, 2, (3, 9), stride=(1, stride), dilation=(dilation, 1), padding=(dilation, 4)
    ).double()
    x = torch.randn(items, channels, rows, bins, dtype=torch.float64)
    for found, expected in zip(gradients(lambda x: convolve(layer, x), layer, x), gradients(layer, layer, x)):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dilation", [1, 2])
def test_activation_in_place(dilation):
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 4, (3, 9), dilation=(dilation, 1), padding=(dilation, 4)).double()
    x = torch.randn(2, 2, 5, 8, dtype=torch.float64)
    found = gradients(lambda x: convolve_and_activate(layer, x), layer, x)
    expected = gradients(lambda x: nn.functional.leaky_relu(layer(x), NEGATIVE_SLOPE), layer, x)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other)


def test_weights_that_do_not_learn_get_no_gradient():
    layer = nn.Conv2d(1, 2, (3, 9), padding=(1, 4)).requires_grad_(False)
    x = torch.randn(1, 1, 4, 9, requires_grad=True)
    convolve(layer, x).sum().backward()
    assert x.grad is not None and layer.weight.grad is None and layer.bias.grad is None


def test_mixed_precision():
    layer = nn.Conv2d(1, 2, (3, 9), padding=(1, 4))
    with torch.autocast("cpu", torch.bfloat16):
        y = convolve_and_activate(layer, torch.randn(1, 1, 4, 9))
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert layer.weight.grad.dtype == torch.float32
