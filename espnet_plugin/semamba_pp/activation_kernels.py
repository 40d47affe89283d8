"""Numba kernels of activations by themselves, for inference in float32; the plain ones are in `fan.py`."""

from numba import njit

from espnet_plugin.semamba_pp.lanes import OPTIONS
from espnet_plugin.semamba_pp.pointwise import fan_rows, gelu_rows
from espnet_plugin.semamba_pp.precision import Full


@njit(**OPTIONS)
def fan_kernel(x, y, periodic, first, last):
    """Activations of a FAN layer, x (R, p + g) to y (R, 2 p + g), p = periodic, rows first..last-1."""
    inputs, outputs, rows = x.shape[1], y.shape[1], last - first
    x_first, y_first = first * inputs, first * outputs
    fan_rows(x, x_first, inputs, y, y_first, outputs, rows, periodic, inputs - periodic, Full())


@njit(**OPTIONS)
def gelu_kernel(x, y, first, last):
    """GELU of the values first..last-1 of x (R,) into y (R,), which may be x."""
    gelu_rows(x, first, 0, y, first, 0, 1, last - first, Full())
