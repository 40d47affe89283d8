"""The kernels for inference compute what the plain versions compute."""

from contextlib import ExitStack
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from espnet_plugin.semamba_pp import convolution, dense, frequency_glp, tfdp
from espnet_plugin.semamba_pp.activation import gelu, gelu_
from espnet_plugin.semamba_pp.convolution import ConvolutionUnit, convolve, downsample, merge_maps, upsample
from espnet_plugin.semamba_pp.dense import DenseBlock
from espnet_plugin.semamba_pp.fan import FanLayer
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.frequency_modules.mamba import FrequencyMamba
from espnet_plugin.semamba_pp.linear import linear
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.tfdp import ChannelFeedForward, Fusion
from espnet_plugin.semamba_pp.time_mamba import MambaMixer, TimeMamba, kernel_works

LIMIT = 1e-5  # relative, in float32


def relative(value, reference):
    return ((value.double() - reference.double()).norm() / reference.norm().clamp(min=1e-30)).item()


def disturb(module):
    """Let no parameter be what it starts from, such as a norm's ones."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return module


def exact(function, module, *maps):
    """What the plain version says in float64; with gradients there is no other."""
    module.double()
    y = function(*(x.double() for x in maps)).detach()
    module.float()
    return y


def no_kernel(kernel):
    """A context in which a kernel may not be called."""
    return mock.patch(f"espnet_plugin.semamba_pp.{kernel}", side_effect=AssertionError(kernel))


MAPS = {
    "items": st.sampled_from([1, 2]),
    "channels": st.sampled_from([16, 48]),
    "frames": st.sampled_from([1, 2, 7, 36]),
    "bins": st.sampled_from([1, 4, 7, 25, 50]),
    "innermost": st.booleans(),
}


def draw_map(items, channels, frames, bins, innermost):
    torch.manual_seed(0)
    x = torch.randn(items, channels, frames, bins) * 2
    return x.contiguous(memory_format=torch.channels_last) if innermost else x


@settings(max_examples=20, deadline=None)
@given(
    sequences=st.integers(1, 9),
    steps=st.sampled_from([1, 2, 3, 24, 25, 60]),
    channels=st.sampled_from([8, 24, 48]),
    states=st.sampled_from([1, 5, 16]),
    taps=st.sampled_from([1, 4]),
    scale=st.sampled_from([1e-3, 1.0, 30.0]),
    in_time=st.booleans(),
    normalised=st.booleans(),
)
def test_both_directions(sequences, steps, channels, states, taps, scale, in_time, normalised):
    torch.manual_seed(0)
    layers = disturb(TimeMamba(channels, state_size=states, convolution_width=taps))
    norm = disturb(nn.LayerNorm(channels)) if normalised else None
    x = torch.randn(sequences, steps, channels) * scale
    if in_time:
        x = x.transpose(0, 1).contiguous().transpose(0, 1)  # frames before bins in memory
    with torch.no_grad():
        fast = layers.run_kernel(x, norm)
    assert x.stride() == fast.stride()
    expected = exact(layers, layers, x)
    assert relative(fast, exact(norm, norm, expected) if normalised else expected) < 3 * LIMIT


def test_gaps_between_sequences():
    torch.manual_seed(0)
    layers, x = TimeMamba(8), torch.randn(3, 11, 16)[:, :, :8]
    with torch.inference_mode():
        assert relative(layers(x), exact(layers, layers, x)) < LIMIT
        assert layers.double()(x.double()).dtype == torch.float64


def test_mamba_along_the_bins():
    torch.manual_seed(0)
    module, x = disturb(FrequencyMamba(8, 9)), torch.randn(2, 8, 3, 9)
    with torch.no_grad():
        fast = module(x)
    assert relative(fast, exact(module, module, x)) < LIMIT


def test_mixers_without_a_kernel():
    x = torch.randn(1, 4, 3)
    with torch.no_grad():
        assert not kernel_works(x, MambaMixer(3))  # 6 inner channels are no whole vectors
        x = torch.randn(1, 4, 8)
        assert kernel_works(x, MambaMixer(8))
        assert not kernel_works(x, MambaMixer(8, scan="reference"))
        assert not kernel_works(x.double(), MambaMixer(8))
        with torch.autocast("cpu", torch.bfloat16):
            assert not kernel_works(x, MambaMixer(8))
    assert not kernel_works(x, MambaMixer(8))


@settings(max_examples=15, deadline=None)
@given(**MAPS)
def test_frequency_glp(items, channels, frames, bins, innermost):
    x = draw_map(items, channels, frames, bins, innermost)
    module = disturb(FrequencyGlp(channels, bins))
    with torch.no_grad(), no_kernel("fan.activate"):
        fast = module.with_residual_(x.clone())
    assert fast.shape == x.shape
    assert relative(fast, exact(module.with_residual_, module, x)) < LIMIT


@settings(max_examples=15, deadline=None)
@given(**MAPS)
def test_channel_part(items, channels, frames, bins, innermost):
    x = draw_map(items, channels, frames, bins, innermost)
    module = disturb(ChannelFeedForward(channels))
    with torch.no_grad(), no_kernel("fan.activate"):
        fast = module.with_residual_(x.clone())
    assert fast.shape == x.shape
    assert relative(fast, exact(module.with_residual_, module, x)) < LIMIT


@settings(max_examples=15, deadline=None)
@given(**MAPS)
def test_fusion(items, channels, frames, bins, innermost):
    fine = draw_map(items, channels, frames, bins, innermost)
    coarse = torch.randn_like(fine)
    module = disturb(Fusion(channels))
    with torch.no_grad(), no_kernel("tfdp.merge_maps"):
        fast = module(fine, coarse.clone())
    assert relative(fast, exact(module, module, fine, coarse)) < 3 * LIMIT


@settings(max_examples=15, deadline=None)
@given(depth=st.integers(1, 4), **MAPS)
def test_dense_block(depth, items, channels, frames, bins, innermost):
    bins += 1  # an instance norm needs more than one place
    x = draw_map(items, channels, frames, bins, innermost)
    block = disturb(DenseBlock(channels, depth))
    with torch.no_grad(), no_kernel("dense.ConvolutionUnit.forward"):
        fast = block(x)
    assert fast.shape == x.shape
    # The norm of a few places may divide by next to nothing.
    assert relative(fast, exact(block, block, x)) < (3 * LIMIT if frames * bins > 20 else 1e-2)


@settings(max_examples=15, deadline=None)
@given(
    make=st.sampled_from([downsample, upsample]),
    channels=st.sampled_from([16, 48]),
    frames=st.sampled_from([1, 2, 3, 20]),
    bins=st.sampled_from([2, 4, 14, 50]),
)
def test_steps_between_levels(make, channels, frames, bins):
    frames += bins < 4  # an instance norm needs more than one place
    x = draw_map(1, channels, frames, bins, True)
    unit = disturb(make(channels))
    with torch.no_grad(), no_kernel("convolution.convolve"):
        fast = unit(x)
    expected = exact(unit, unit, x)
    assert fast.shape == expected.shape
    assert relative(fast, expected) < (3 * LIMIT if frames * bins > 20 else 1e-2)


def test_long_dense_block():
    """Frames that lie far apart are calculated in several runs."""
    torch.manual_seed(0)
    x, block = torch.randn(1, 16, 300, 5), disturb(DenseBlock(16))
    with torch.no_grad():
        fast = block(x)
    assert relative(fast, exact(block, block, x)) < LIMIT


def test_without_kernels_the_modules_are_plain():
    x = torch.randn(1, 8, 3, 4)  # no whole vectors
    modules = FrequencyGlp(8, 4), ChannelFeedForward(8), DenseBlock(8, 2)
    for module in modules:
        call = getattr(module, "with_residual_", module)
        with torch.no_grad():
            assert relative(call(x), exact(call, module, x)) < 3 * LIMIT


def test_whole_network_with_and_without_kernels():
    torch.manual_seed(0)
    network = SEMambaPP(channels=16, blocks=1, dense_depth=3, rate_hz=3200)
    x = torch.rand(2, 41, 30), torch.randn(2, 41, 30)
    with torch.inference_mode():
        fast = network(*x)
        alone = network(x[0][1:], x[1][1:])
        with ExitStack() as stack:
            for module in (convolution, dense, frequency_glp, tfdp):
                stack.enter_context(mock.patch.object(module, "map_kernels_work", lambda _: False))
            plain = network(*x)
    complex_output = [magnitude * torch.exp(1j * phase) for magnitude, phase in (fast, plain, alone)]
    exact_output = network.double()(*(y.double() for y in x))
    exact_output = (exact_output[0] * torch.exp(1j * exact_output[1])).detach()
    for output in complex_output[:2]:
        assert ((output - exact_output).norm() / exact_output.norm()).item() < 1e-4
    torch.testing.assert_close(complex_output[2], complex_output[0][1:], rtol=0, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(
    make=st.sampled_from([nn.Conv2d, nn.ConvTranspose2d]),
    sizes=st.tuples(st.sampled_from([3, 16, 32]), st.sampled_from([1, 8, 16, 48])),
    frames=st.integers(1, 4),
    bins=st.integers(3, 20),
)
def test_convolutions_along_the_bins(make, sizes, frames, bins):
    torch.manual_seed(0)
    layer, x = make(*sizes, (1, 3), stride=(1, 2)), torch.randn(1, sizes[0], frames, bins)
    plain = layer(x).detach()
    with torch.no_grad():
        fast = convolve(layer, x)
    assert fast.shape == plain.shape
    assert relative(fast, plain) < LIMIT
    assert convolve(layer, x).requires_grad  # with gradients the plain one


@pytest.mark.parametrize("innermost", [True, False])
def test_convolution_of_one_tap(innermost):
    layer, x = nn.Conv2d(2, 5, (1, 1)), draw_map(1, 2, 3, 7, innermost)
    plain = layer(x).detach()
    with torch.no_grad():
        assert relative(convolve(layer, x), plain) < LIMIT
    assert convolve(layer, x).requires_grad


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(st.integers(1, 5), min_size=0, max_size=3),
    sizes=st.tuples(st.sampled_from([1, 3, 8, 50]), st.sampled_from([1, 7, 16, 75])),
    biased=st.booleans(),
    transposed=st.booleans(),
)
def test_linear(rows, sizes, biased, transposed):
    torch.manual_seed(0)
    layer = nn.Linear(*sizes, bias=biased)
    x = torch.randn(sizes[0], *rows).movedim(0, -1) if transposed else torch.randn(*rows, sizes[0])
    plain = layer(x)
    with torch.no_grad():
        fast = linear(x, layer.weight, layer.bias)
    assert fast.shape == plain.shape
    assert relative(fast, plain.detach()) < LIMIT
    assert linear(x, layer.weight, layer.bias).requires_grad  # with gradients the plain one


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(1, 9),
    sizes=st.tuples(st.sampled_from([1, 8, 33]), st.sampled_from([4, 8, 50, 99])),
    scale=st.sampled_from([0.1, 3.0, 300.0]),
)
def test_fan_layer(rows, sizes, scale):
    torch.manual_seed(0)
    layer, x = FanLayer(*sizes), torch.randn(2, rows, sizes[0]) * scale
    exact = layer.double()(x.double()).detach()
    layer.float()
    with torch.no_grad():
        fast = layer(x)
    # Large angles carry the rounding of the product in front of them.
    assert relative(fast, exact) < LIMIT * max(1.0, scale / 30)


@pytest.mark.parametrize("layout", ["contiguous", "channels innermost", "gaps"])
def test_gelu(layout):
    x = torch.randn(2, 5, 7, 9) * 4
    if layout == "channels innermost":
        x = x.contiguous(memory_format=torch.channels_last)
    elif layout == "gaps":
        x = x[..., ::2]
    expected = functional.gelu(x.double()).float()
    with torch.no_grad():
        assert gelu(x).stride() == functional.gelu(x).stride()
        torch.testing.assert_close(gelu(x), expected, rtol=0, atol=2e-6)
        torch.testing.assert_close(gelu_(x.clone()), expected, rtol=0, atol=2e-6)
    assert gelu(x.requires_grad_()).requires_grad


@pytest.mark.parametrize("first_innermost", [True, False])
@pytest.mark.parametrize("second_innermost", [True, False])
def test_merge_of_maps(first_innermost, second_innermost):
    convolution = nn.Conv2d(8, 5, (1, 1))
    orders = {True: torch.channels_last, False: torch.contiguous_format}
    first, second = (
        torch.randn(1, 4, 3, 7).contiguous(memory_format=orders[innermost])
        for innermost in (first_innermost, second_innermost)
    )
    plain = convolution(torch.cat((first, second), 1)).detach()
    with torch.no_grad():
        assert relative(merge_maps(convolution, first, second), plain) < LIMIT


@settings(max_examples=15, deadline=None)
@given(
    channels=st.sampled_from([1, 3, 8, 20]),
    frames=st.sampled_from([2, 17, 90]),
    mean=st.sampled_from([0.0, 100.0]),
)
def test_convolution_unit(channels, frames, mean):
    torch.manual_seed(0)
    unit = ConvolutionUnit(nn.Conv2d(2, channels, (3, 1)))
    nn.init.normal_(unit.norm.weight)
    nn.init.normal_(unit.norm.bias)
    nn.init.normal_(unit.convolution.bias, mean)
    x = torch.randn(1, 2, frames + 2, 7)
    exact = unit.double()(x.double()).detach()
    unit.float()
    with torch.no_grad():
        fast = unit(x.contiguous(memory_format=torch.channels_last))
    # The convolution's own rounding grows with the mean that the norm takes away.
    assert relative(fast, exact) < LIMIT * max(1.0, mean / 10)
