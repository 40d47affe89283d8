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
from espnet_plugin.semamba_pp.tile_transform import BINS, FRAMES, TileTransform


def draw(*shape):
    return torch.randn(*shape)


@settings(max_examples=20, deadline=None)
@given(
    tiles=st.integers(1, 4),
    depth=st.sampled_from([1, 3, 48, 75]),
    outputs=st.sampled_from([1, 16, 35, 80]),
    taps=st.integers(1, 3),
    apart=st.integers(0, 9),
)
def test_rows(tiles, depth, outputs, taps, apart):
    """Rows that overlap or lie apart, and taps that shift them."""
    torch.manual_seed(0)
    rows, row, tap = tiles * TILE, max(depth - 2, 1) + apart, 5
    x = draw(3 + rows * row + taps * tap + depth)
    weight, bias = draw(taps, outputs, depth), draw(outputs)
    parts = [torch.as_strided(x, (rows, depth), (row, 1), 3 + i * tap) for i in range(taps)]
    expected = sum(part @ matrix.T for part, matrix in zip(parts, weight))
    packed, packed_bias = pack(weight, bias)
    columns = len(packed_bias)
    assert columns % LANES == 0
    out = np.full((rows, columns + 2), 7, np.float32)
    multiply(x.numpy(), 3, row, tap, packed, packed_bias, out, 1, columns + 2, rows)
    np.testing.assert_allclose(out[:, 1 : outputs + 1], (expected + bias).numpy(), rtol=1e-4, atol=1e-4)
    assert (out[:, outputs + 1 : columns + 1] == 0).all()
    assert (out[:, [0, -1]] == 7).all()
    add_product(x.numpy(), 3, row, tap, packed, out, 1, columns + 2, rows)
    np.testing.assert_allclose(out[:, 1 : outputs + 1], (2 * expected + bias).numpy(), rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize(("outputs", "depth", "width"), [(1, 1, 16), (12, 5, 48), (150, 100, 32)])
def test_columns(outputs, depth, width):
    torch.manual_seed(0)
    weight, bias, x = draw(outputs, depth), draw(outputs), draw(depth, width)
    filled, filled_bias = fill_tiles(weight, bias)
    assert len(filled) == len(filled_bias) == -(-outputs // TILE) * TILE
    out = np.empty((len(filled), width), np.float32)
    multiply_columns(filled, filled_bias, x.numpy(), 0, width, out)
    expected = (weight @ x + bias[:, None]).numpy()
    np.testing.assert_allclose(out[:outputs], expected, rtol=1e-4, atol=1e-4)


OTHERS = TileTransform(0, 1), TileTransform(0, 1, -1, 2, -2, 0.5, -0.5)


@pytest.mark.parametrize("transform", [BINS, FRAMES, *OTHERS])
def test_tiles_are_convolutions(transform):
    generator = np.random.default_rng(0)
    x, taps = generator.standard_normal(transform.products_size), generator.standard_normal(3)
    y = transform.results @ ((transform.weights @ taps) * (transform.values @ x))
    assert len(y) == transform.results_size == len(x) - 2
    np.testing.assert_allclose(y, np.correlate(x, taps), rtol=1e-10)
