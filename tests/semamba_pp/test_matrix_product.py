"""Matrix products and tiles within kernels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.semamba_pp.lanes import LANES
from espnet_plugin.semamba_pp.matrix_product import (
    TILE,
    add_product,
    fill_tiles,
    multiply,
    multiply_columns,
    pack,
)
from espnet_plugin.semamba_pp.precision import Full, Short
from espnet_plugin.semamba_pp.short_numbers import largest_short, multiplies_pairs
from espnet_plugin.semamba_pp.tile_transform import FOUR, TileTransform


def draw(*shape):
    return torch.randn(*shape)


@settings(max_examples=30, deadline=None)
@given(
    number=st.integers(1, 4),
    depth=st.sampled_from([2, 48, 80]),
    outputs=st.sampled_from([1, 16, 35, 80]),
    apart=st.sampled_from([-24, 0, 8]),
    scale=st.sampled_from([0.0, 1e-3, 1.0, 1e4]),
    precision=st.sampled_from([Full(), Short()]),
)
def test_rows(number, depth, outputs, apart, scale, precision):
    """Rows that overlap or lie apart."""
    torch.manual_seed(0)
    rows, row = number * TILE, max(depth + apart, 2)
    x = draw(3 + rows * row + depth) * scale
    weight, bias = draw(outputs, depth), draw(outputs)
    expected = torch.as_strided(x, (rows, depth), (row, 1), 3) @ weight.T
    limit = error_of(precision) * (scale * depth + 1)
    layer = pack(weight, bias, precision)
    columns = len(layer[1])
    assert columns % LANES == 0
    out = np.full((rows, columns + 2), 7, np.float32)
    multiply(x.numpy(), 3, row, layer, out, 1, columns + 2, rows)
    np.testing.assert_allclose(out[:, 1 : outputs + 1], (expected + bias).numpy(), rtol=0, atol=limit)
    assert (out[:, outputs + 1 : columns + 1] == 0).all()
    assert (out[:, [0, -1]] == 7).all()
    add_product(x.numpy(), 3, row, layer, out, 1, columns + 2, rows)
    np.testing.assert_allclose(out[:, 1 : outputs + 1], (2 * expected + bias).numpy(), rtol=0, atol=2 * limit)


@pytest.mark.parametrize("precision", [Full(), Short()], ids=["full", "short"])
@pytest.mark.parametrize(("outputs", "depth", "width"), [(1, 1, 16), (12, 5, 48), (150, 100, 32)])
def test_columns(outputs, depth, width, precision):
    torch.manual_seed(0)
    weight, bias, x = draw(outputs, depth), draw(outputs), draw(depth, width)
    layer = fill_tiles(weight, bias, precision)
    assert len(layer[0]) == len(layer[1]) == -(-outputs // TILE) * TILE
    out = np.empty((len(layer[0]), width), np.float32)
    multiply_columns(layer, x.numpy(), 0, width, depth, out)
    expected = (weight @ x + bias[:, None]).numpy()
    np.testing.assert_allclose(out[:outputs], expected, rtol=0, atol=error_of(precision) * (depth + 1))


def error_of(precision):
    """Of a product of two numbers, about."""
    return 1e-6 if isinstance(precision, Full) else 2e-3


@pytest.mark.skipif(not multiplies_pairs(), reason="this processor has no instruction for pairs of integers")
def test_short_weights_are_pairs():
    weight, _, unit = pack(torch.tensor([[0.5, -1.0]]), precision=Short())
    low, high = weight[0, 0, 0].astype(np.int16), weight[0, 0, 0] >> 16
    assert high == -largest_short(2) == -32767
    np.testing.assert_allclose([low * unit, high * unit], [0.5, -1.0], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(depth=st.integers(1, 100_000))
def test_sums_of_products_stay_within_their_bits(depth):
    assert depth * largest_short(depth) ** 2 < 2**31 <= depth * (largest_short(depth) + 1) ** 2 or depth <= 2


def test_layers_of_one_size_have_units_of_their_own():
    torch.manual_seed(0)
    weights = draw(2, 3, 16, 48) * torch.logspace(-3, 2, 6).view(2, 3, 1, 1)
    packed, biases, units = pack(weights, precision=Short())
    assert units.shape == (2, 3) and biases.shape == (2, 3, 16)
    for i in range(2):
        for j in range(3):
            alone, _, unit = pack(weights[i, j], precision=Short())
            assert unit == units[i, j]
            np.testing.assert_array_equal(packed[i, j], alone)


OTHERS = TileTransform(0, 1), TileTransform(0, 1, -1), TileTransform(0, 1, -1, 2, -2, 0.5, -0.5)


@pytest.mark.parametrize("transform", [FOUR, *OTHERS])
def test_tiles_are_convolutions(transform):
    generator = np.random.default_rng(0)
    x, taps = generator.standard_normal(transform.products_size), generator.standard_normal(3)
    y = transform.results @ (transform.weights_of(taps) * (transform.values @ x))
    assert len(y) == transform.results_size == len(x) - 2
    np.testing.assert_allclose(y, np.correlate(x, taps), rtol=1e-10)
