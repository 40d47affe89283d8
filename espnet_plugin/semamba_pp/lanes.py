"""Vector instructions for functions that numba compiles."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from espnet_plugin.semamba_pp.kernel_cache import forget_outdated
from espnet_plugin.semamba_pp.precision import Short

# At import, before any kernel that takes these functions in can be loaded from disk.
_HERE = Path(__file__).parent
forget_outdated((_HERE, _HERE / "selective_scan"))

LANES = 16  # channels per vector: two registers of AVX2, one of AVX-512
LOG2_E = 1.4426950408889634
# Reordering of sums stays forbidden: it would let the compiler simplify the rounding of exp2 and of angles.
ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}
OPTIONS = {"nogil": True, "cache": True, "fastmath": ARITHMETIC, "error_model": "numpy"}  # of kernels

LOWEST = np.float32(-126.0)  # the smallest exponent of a normal float32
HIGHEST = np.float32(126.0)
# Adding 1.5 * 2^23 leaves no bits for a fraction: the sum's low bits are the rounded integer.
ROUNDER = np.float32(12582912.0)
TURNS = 2 / math.pi  # quarter turns per radian


class Coefficients(NamedTuple):
    """Of polynomials, lower terms first.

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


class Lanes:
    """Writes vector instructions for neighbouring channels into a function that numba compiles.

    The compiler would vectorise the same loops in Python too, but it has to check in front of each
    of them that none of the arrays overlap, and it loads and stores the sums in every pass: two
    thirds of the time more.

    Args:
        context, builder: numba's, of the function.
        types, values: of the arrays, which are contiguous along their last axis.
        lanes: channels per vector.
        coefficients: of the functions.
    """

    flags = tuple(sorted(ARITHMETIC))

    def __init__(self, context, builder, types, values, lanes=LANES, coefficients=LONG):
        self.builder = builder
        self.coefficients = coefficients
        self.lanes = lanes
        self.vector = ir.VectorType(ir.FloatType(), lanes)
        self.integers = ir.VectorType(ir.IntType(32), lanes)
        arrays = [cgutils.create_struct_proxy(type_)(context, builder, value=value)
                  for type_, value in zip(types, values)]  # fmt: skip
        # Of pairs of integers too: to load and store them it does not matter what the 32 bits mean.
        single = ir.FloatType().as_pointer()
        self.pointers = [builder.bitcast(array.data, single) for array in arrays]
        self.shapes = [cgutils.unpack_tuple(builder, array.shape) for array in arrays]

    def load(self, array, index):
        """Neighbouring values of the array of that number."""
        value = self.builder.load(self._place(array, index))
        value.align = 4
        return value

    def store(self, value, array, index):
        self.builder.store(value, self._place(array, index)).align = 4

    def add_to(self, array, index, value):
        self.store(self.add(self.load(array, index), value), array, index)

    def _place(self, array, index):
        builder = self.builder
        return builder.bitcast(builder.gep(self.pointers[array], [index]), self.vector.as_pointer())

    def repeat(self, array, index):
        """One value in all lanes."""
        return self.fill(self.builder.load(self.builder.gep(self.pointers[array], [index])))

    def fill(self, value):
        """The value in all lanes."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(first, undefined, self._integer(0))

    def constant(self, value):
        return ir.Constant(self.vector, [float(value)] * self.lanes)

    def multiply(self, left, right, by_itself=False):
        """The product; `by_itself` it is not joined with a sum, which may then take in its other term."""
        flags = tuple(flag for flag in self.flags if flag != "contract") if by_itself else self.flags
        return self.builder.fmul(left, right, flags=flags)

    def add(self, left, right):
        return self.builder.fadd(left, right, flags=self.flags)

    def subtract(self, left, right):
        return self.builder.fsub(left, right, flags=self.flags)

    def larger(self, left, right):
        return self.builder.select(self.builder.fcmp_ordered(">", left, right, flags=self.flags), left, right)

    def smaller(self, left, right):
        return self.builder.select(self.builder.fcmp_ordered("<", left, right, flags=self.flags), left, right)

    def polynomial(self, coefficients, x):
        """Of the coefficients, lower terms first."""
        if len(coefficients) > 6:  # two chains of products at once, for they wait for each other
            parts = coefficients[::2], coefficients[1::2]
            even, odd = (self.polynomial(part, self.multiply(x, x)) for part in parts)
            return self.add(self.multiply(odd, x), even)
        *others, total = map(self.constant, coefficients)
        for coefficient in reversed(others):
            total = self.add(self.multiply(total, x), coefficient)
        return total

    def exp2(self, x):
        """2^x to 3e-7 relative, for x below 127; below 2^-126 the result stays at 2^-126.

        This and the precision of the other functions is that of the long coefficients.
        """
        builder = self.builder
        rounder = self.constant(ROUNDER)
        x = self.larger(x, self.constant(LOWEST))
        rounded = builder.fadd(x, rounder)  # without flags, which would allow to take it back
        power = self.polynomial(self.coefficients.power, builder.fsub(x, builder.fsub(rounded, rounder)))
        # The low bits of `rounded` hold the integer: add it to the exponent bits.
        shift = builder.shl(builder.bitcast(rounded, self.integers), self._integer(23))
        return builder.bitcast(builder.add(builder.bitcast(power, self.integers), shift), self.vector)

    def softplus(self, x):
        """log(1 + e^x) to 4e-6 relative, to 5e-7 where |x| < 5."""
        positive = self.larger(x, self.constant(0))
        negative_size = self.subtract(x, self.add(positive, positive))  # -|x|
        power = self.exp2(self.multiply(negative_size, self.constant(LOG2_E)))
        return self.add(positive, self.multiply(power, self.polynomial(self.coefficients.logarithm, power)))

    def silu(self, x):
        """x / (1 + e^-x) to 4e-6 relative, to 5e-7 where |x| < 5; below -87 the result stays near 0."""
        return self.builder.fdiv(x, self._one_and_power(x), flags=self.flags)

    def sigmoid(self, x):
        """1 / (1 + e^-x) to 4e-6 relative, to 5e-7 where |x| < 5; below -87 the result stays near 0."""
        return self.builder.fdiv(self.constant(1), self._one_and_power(x), flags=self.flags)

    def _one_and_power(self, x):
        """1 + e^-x."""
        x = self.larger(x, self.constant(-HIGHEST / LOG2_E))
        return self.add(self.exp2(self.multiply(x, self.constant(-LOG2_E))), self.constant(1))

    def gelu(self, x):
        """x (1 + erf(x / sqrt(2))) / 2, to 1e-7 |x|."""
        end, numerator, denominator = self.coefficients[-3:]
        z = self.multiply(x, self.constant(math.sqrt(0.5)))
        z = self.smaller(self.larger(z, self.constant(-end)), self.constant(end))
        square = self.multiply(z, z)
        erf = self.multiply(z, self.polynomial(numerator, square))
        erf = self.builder.fdiv(erf, self.polynomial(denominator, square), flags=self.flags)
        half = self.multiply(x, self.constant(0.5))
        return self.add(half, self.multiply(half, erf))

    def cosine_and_sine(self, x):
        """Both, to 2e-7 where |x| < 1e3."""
        builder = self.builder
        # Without flags, which would allow to take the rounding back.
        rounded = builder.fadd(self.multiply(x, self.constant(TURNS)), self.constant(ROUNDER))
        quarters = builder.fsub(rounded, self.constant(ROUNDER))
        for part in self.coefficients.quarters:
            x = self.subtract(x, self.multiply(quarters, self.constant(part)))
        # Matters only where float32 cannot tell a turn any more.
        x = self.smaller(self.larger(x, self.constant(-1)), self.constant(1))
        square = self.multiply(x, x)
        cubic = self.multiply(x, square)
        sine = self.add(x, self.multiply(cubic, self.polynomial(self.coefficients.sine, square)))
        quartic = self.multiply(square, square)
        quartic = self.multiply(quartic, self.polynomial(self.coefficients.cosine, square))
        cosine = self.add(self.subtract(self.constant(1), self.multiply(square, self.constant(0.5))), quartic)
        # In odd quarters the two change places; the second bit of a quarter's number is the sine's sign, the
        # second bit of the following one's the cosine's.
        quarter = builder.bitcast(rounded, self.integers)
        odd = builder.trunc(quarter, ir.VectorType(ir.IntType(1), self.lanes))
        following = builder.add(quarter, self._integer(1))
        return (self._turn(builder.select(odd, sine, cosine), following),
                self._turn(builder.select(odd, cosine, sine), quarter))  # fmt: skip

    def _turn(self, value, quarter):
        """Negative where the second bit of an integer is set."""
        builder = self.builder
        sign = builder.shl(builder.and_(quarter, self._integer(2)), self._integer(30))
        return builder.bitcast(builder.xor(builder.bitcast(value, self.integers), sign), self.vector)

    def _integer(self, value):
        return ir.Constant(self.integers, [value] * self.lanes)

    def each(self, width):
        """A context whose value runs over the first of each vector's lanes, below the width."""
        zero, stride = (ir.Constant(width.type, value) for value in (0, self.lanes))
        return cgutils.for_range_slice(self.builder, zero, width, stride, inc=True)

    def total(self, value):
        """Sum of the lanes."""
        type_ = ir.FunctionType(ir.FloatType(), (ir.FloatType(), self.vector))
        name = f"llvm.vector.reduce.fadd.v{self.lanes}f32"
        sum_lanes = cgutils.get_or_insert_function(self.builder.module, type_, name)
        return self.builder.call(sum_lanes, (ir.Constant(ir.FloatType(), 0.0), value), fastmath=("reassoc",))

    def largest(self, value):
        """Of the lanes."""
        type_ = ir.FunctionType(ir.FloatType(), (self.vector,))
        name = f"llvm.vector.reduce.fmax.v{self.lanes}f32"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, type_, name), (value,))

    def rounded(self, x, factor):
        """x factor as an integer in the low 16 bits; those above are no number."""
        # Without flags that would allow to take the rounding back.
        sum_ = self.builder.fadd(self.multiply(x, factor), self.constant(ROUNDER), flags=("contract",))
        return self.builder.bitcast(sum_, self.integers)

    def pairs_of_neighbours(self, low, high):
        """Integers of 16 bits, both in the low bits, as pairs in the lanes of one vector."""
        builder = self.builder
        low = builder.and_(low, self._integer(0xFFFF))
        return builder.bitcast(builder.or_(low, builder.shl(high, self._integer(16))), self.vector)

    def add_pair_products(self, total, left, right):
        """Integers: the total plus both products of the pairs in eight lanes of left and right, by AVX2."""
        builder = self.builder
        halves = ir.VectorType(ir.IntType(16), 2 * self.lanes)
        type_ = ir.FunctionType(self.integers, (halves, halves))
        function = cgutils.get_or_insert_function(builder.module, type_, "llvm.x86.avx2.pmadd.wd")
        products = builder.call(function, [builder.bitcast(value, halves) for value in (left, right)])
        return builder.add(total, products)
