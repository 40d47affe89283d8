"""The functions that vector instructions calculate."""

import math

import numpy as np
import pytest
import torch
from numba import njit, types
from numba.extending import intrinsic
from torch.nn import functional

from espnet_plugin.semamba_pp.coefficients import LONG, SHORT
from espnet_plugin.semamba_pp.lanes import LANES, Lanes


def apply(function, x, coefficients=LONG):
    """One of the functions that `Lanes` writes, on every value of x; "pair.0" is the first of a pair."""
    function, *part = function.split(".")
    @intrinsic
    def apply_to_all(typing_context, x, y):
        def generate(context, builder, signature, values):
            lanes = Lanes(context, builder, signature.args, values, coefficients=coefficients)
            with lanes.each(lanes.shapes[0][0]) as (d, _):
                result = getattr(lanes, function)(lanes.load(0, d))
                lanes.store(result[int(part[0])] if part else result, 1, d)
            return context.get_dummy_value()

        return types.void(x, y), generate

    assert len(x) % LANES == 0
    y = np.empty_like(x)
    njit(lambda x, y: apply_to_all(x, y))(x, y)
    return y


@pytest.mark.parametrize(
    ("function", "exact", "low", "high", "limit"),
    [
        ("exp2", np.exp2, -125.9, 3, 3e-7),
        ("softplus", lambda x: np.logaddexp(0, x), -80, 80, 5e-6),
        ("softplus", lambda x: np.logaddexp(0, x), -5, 5, 5e-7),
        ("silu", lambda x: x / (1 + np.exp(-x)), -80, 80, 5e-6),
        ("silu", lambda x: x / (1 + np.exp(-x)), -5, 5, 7e-7),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -80, 80, 5e-6),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -5, 5, 7e-7),
    ],
)
def test_functions(function, exact, low, high, limit):
    x = np.linspace(low, high, 16 * 10_000, dtype=np.float32)
    np.testing.assert_allclose(apply(function, x), exact(x.astype(np.float64)), rtol=limit)


def test_functions_far_out():
    x = np.array([-1e30, -1e4, -200, 0, 200, 1e4, 1e30, -88] * 2, np.float32)
    np.testing.assert_allclose(apply("exp2", np.minimum(x, 0)), np.exp2(np.minimum(x, 0)), atol=2e-38)
    exact = np.logaddexp(0, x.astype(np.float64))
    np.testing.assert_allclose(apply("softplus", x), exact, rtol=1e-6, atol=1e-37)
    silu = apply("silu", x)
    assert np.isfinite(silu).all() and np.abs(silu[x < 0]).max() < 1e-5
    np.testing.assert_allclose(silu[x > 0], x[x > 0], rtol=1e-6)
    assert (apply("sigmoid", x) >= 0).all() and (apply("sigmoid", x) <= 1).all()


def test_gelu():
    x = np.linspace(-9, 9, 16 * 10_000, dtype=np.float32)
    exact = functional.gelu(torch.from_numpy(x).double()).numpy()
    np.testing.assert_allclose(apply("gelu", x), exact, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("part", "exact"), [("0", np.cos), ("1", np.sin)])
def test_cosine_and_sine_in_every_quarter_and_far_out(part, exact):
    x = np.linspace(-1000, 1000, 16 * 10_000, dtype=np.float32)
    result = apply("cosine_and_sine." + part, x)
    np.testing.assert_allclose(result, exact(x.astype(np.float64)), rtol=0, atol=3e-7)
    x = np.array([0.0, -0.0, math.pi / 4, 1e7, -1e20, 1e30, -1e30, 3e5] * 2, np.float32)
    assert (np.abs(apply("cosine_and_sine." + part, x)) <= 1).all()


@pytest.mark.parametrize(
    ("function", "exact", "relative", "absolute"),
    [
        ("exp2", np.exp2, 3e-4, 0),
        ("softplus", lambda x: np.logaddexp(0, x), 3e-4, 0),
        ("silu", lambda x: x / (1 + np.exp(-x)), 3e-4, 0),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), 3e-4, 0),
        ("gelu", lambda x: functional.gelu(torch.from_numpy(x)).numpy(), 6e-5, 2e-4),
        ("cosine_and_sine.0", np.cos, 0, 4e-5),
        ("cosine_and_sine.1", np.sin, 0, 4e-5),
    ],
)
def test_short_functions(function, exact, relative, absolute):
    x = np.linspace(-30, 0 if function == "exp2" else 30, 16 * 10_000, dtype=np.float32)
    result, exact = apply(function, x, SHORT), exact(x.astype(np.float64))
    np.testing.assert_allclose(result, exact, rtol=relative, atol=absolute)
    error = np.abs(result - exact) / np.maximum(np.abs(exact), 1)
    assert error.max() > 1e-6  # it is the short form


def test_short_functions_far_out():
    x = np.array([-1e30, -1e4, -200, 0, 200, 1e4, 1e30, -88] * 2, np.float32)
    gelu = apply("gelu", x, SHORT)
    assert np.abs(gelu - np.maximum(x, 0)).max() < 1e-6 * 1e30
    np.testing.assert_allclose(gelu[x > 0], x[x > 0], rtol=1e-6)
    for function in ("exp2", "softplus", "silu", "sigmoid", "cosine_and_sine.0"):
        assert np.isfinite(apply(function, np.minimum(x, 126), SHORT)).all()
