"""Coefficients of the functions that the kernels calculate, see `lanes.py`."""

import math
from typing import NamedTuple

from espnet_plugin.semamba_pp.precision import Short


class Coefficients(NamedTuple):
    """Of polynomials, lower terms first, one set for each precision.

    Attributes:
        power: 2^f on [-0.5, 0.5]. The first is exact and the error relative to f as small as can be: the
            error of a slow decay, f near 0, adds up over many steps.
        logarithm: log(1 + e) / e on [0, 1].
        quarters: pi / 2 in parts, all but the last one short enough that their products with an integer are
            exact.
        sine, cosine: (sin(x) - x) / x^3 and (cos(x) - 1 + x^2 / 2) / x^4 in powers of x^2, on [-pi/4, pi/4].
        error_end: from where on erf(z) is as good as 1.
        numerator, denominator: erf(z) / z = P(z^2) / Q(z^2) on [0, error_end].
    """

    power: tuple
    logarithm: tuple
    quarters: tuple
    sine: tuple
    cosine: tuple
    error_end: float
    numerator: tuple
    denominator: tuple


# Largest errors: 3e-7 of power relative to f and 1.5e-7 of 2^f, 3.5e-8 of the logarithm, 3e-8 of erf.
LONG = Coefficients(
    power=(
        1.0,
        0.6931470928734715,
        0.24022358205398125,
        0.055506655234467545,
        0.0096658781946149,
        0.0013266973448783706,
    ),
    logarithm=(
        0.9999999651599161,
        -0.49999435690455263,
        0.3331793432199773,
        -0.24833945456880685,
        0.19071309583456525,
        -0.1359060023558047,
        0.07738073838086622,
        -0.028991956391482294,
        0.0051058258001474306,
    ),
    quarters=(1.5703125, 4.8351287841796875e-04, math.pi / 2 - 1.5703125 - 4.8351287841796875e-04),
    sine=(-0.1666666450932423, 0.00833272086217578, -0.00019582242115496343),
    cosine=(0.041666664510857016, -0.0013888276542490014, 2.4542447556018135e-05),
    error_end=4.0,
    numerator=(
        1.1283791590578858,
        0.1916702468513464,
        0.05285225654731367,
        0.003803307768468383,
        0.0002828315759370723,
        2.0015095640497016e-06,
    ),
    denominator=(
        1.0,
        0.5031962293726512,
        0.11457382724356142,
        0.015045922524126395,
        0.0011663487838494099,
        3.748329464845127e-05,
    ),
)
# Largest errors: 3e-4 of power relative to f and 2e-4 of 2^f, 5e-5 of the logarithm, 4e-5 of the cosine, 9e-5
# of erf, which is 1 where it ends.
SHORT = Coefficients(
    power=(1.0, 0.693126256, 0.242035814, 0.0559221024),
    logarithm=(0.999952119, -0.497258540, 0.307698730, -0.159657553, 0.0424603060),
    quarters=(math.pi / 2,),
    sine=(-0.166628374, 0.00815295184),
    cosine=(0.0409084410,),
    error_end=3.0,
    numerator=(1.12707195, 0.256836029, 0.0339061015),
    denominator=(1.0, 0.555711015, 0.123076422, 0.00354510564),
)


def coefficients_of(precision) -> Coefficients:
    """For kernels with an argument of that type."""
    return SHORT if precision.instance_class is Short else LONG
