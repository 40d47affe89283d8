"""The forms for inference compute what the plain versions compute."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from espnet_plugin.semamba_pp.activation import gelu, gelu_
from espnet_plugin.semamba_pp.convolution import ConvolutionUnit, convolve, merge_maps
from espnet_plugin.semamba_pp.fan import FanLayer
from espnet_plugin.semamba_pp.linear import linear
from espnet_plugin.semamba_pp.time_mamba import MambaLayer, MambaMixer, TimeMamba, fused_form_works

LIMIT = 1e-5  # relative, in float32


def relative(value, reference):
    return ((value.double() - reference.double()).norm() / reference.norm().clamp(min=1e-30)).item()


@settings(max_examples=15, deadline=None)
@given(
    sequences=st.integers(1, 3),
    steps=st.sampled_from([1, 2, 3, 17]),
    channels=st.sampled_from([8, 24, 48]),
    states=st.sampled_from([1, 5, 16]),
    taps=st.sampled_from([1, 4]),
    backward=st.booleans(),
    scale=st.sampled_from([1.0, 30.0]),
)
def test_mixer(sequences, steps, channels, states, taps, backward, scale):
    torch.manual_seed(0)
    mixer = MambaMixer(channels, states, convolution_width=taps)
    x = torch.randn(sequences, steps, channels) * scale
    assert not fused_form_works(x, mixer)
    with torch.no_grad():
        assert fused_form_works(x, mixer)
        fast = mixer(x, backward)
    plain = mixer(x, backward)
    assert plain.requires_grad
    assert relative(fast, mixer.double()(x.double(), backward).detach()) < LIMIT


def test_mixers_without_a_fused_form():
    x = torch.randn(1, 4, 3)
    with torch.no_grad():
        assert not fused_form_works(x, MambaMixer(3))  # 6 inner channels are no whole vectors
        x = torch.randn(1, 4, 8)
        assert not fused_form_works(x, MambaMixer(8, scan="reference"))
        assert not fused_form_works(x.double(), MambaMixer(8))


@settings(max_examples=10, deadline=None)
@given(frames=st.integers(1, 4), bins=st.integers(1, 9), channels=st.sampled_from([1, 8]))
def test_widening_convolution(frames, bins, channels):
    torch.manual_seed(0)
    layer, x = nn.ConvTranspose2d(3, channels, (1, 3), stride=(1, 2)), torch.randn(1, 3, frames, bins)
    plain = layer(x).detach()
    with torch.no_grad():
        fast = convolve(layer, x)
    assert fast.shape == plain.shape
    assert relative(fast, plain) < LIMIT
    assert convolve(layer, x).requires_grad  # with gradients the plain one


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


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_root_mean_square_norm(scale):
    torch.manual_seed(0)
    layer, x = MambaLayer(13), torch.randn(3, 5, 13) * scale
    layer.norm.weight.data.uniform_(0.5, 2.0)
    with torch.no_grad():
        assert relative(layer.normalise(x), layer.norm(x)) < 1e-6
        strided = x.transpose(0, 1)
        assert relative(layer.normalise(strided), layer.norm(strided)) < 1e-6


def test_both_directions():
    torch.manual_seed(0)
    layers, x = TimeMamba(8), torch.randn(3, 11, 8)
    plain = layers(x).detach()
    with torch.inference_mode():
        assert relative(layers(x), plain) < LIMIT
        assert layers.double()(x.double()).dtype == torch.float64


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


def test_cos_and_sin_in_every_quarter_and_far_out():
    pytest.importorskip("numba")
    from espnet_plugin.semamba_pp.fan_kernels import apply_cos_and_sin

    x = torch.cat((torch.linspace(-1000, 1000, 100_003), torch.tensor([0.0, -0.0, 1e7, -1e20])))
    cosine, sine = torch.empty_like(x), torch.empty_like(x)
    apply_cos_and_sin(x.numpy(), cosine.numpy(), sine.numpy())
    torch.testing.assert_close(cosine[:-2], x[:-2].double().cos().float(), rtol=0, atol=3e-7)
    torch.testing.assert_close(sine[:-2], x[:-2].double().sin().float(), rtol=0, atol=3e-7)
    assert (cosine.abs() <= 1).all() and (sine.abs() <= 1).all()


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
