"""Vector instructions for functions that numba compiles."""

import math
from pathlib import Path

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from espnet_plugin.semamba_pp.coefficients import LONG
from espnet_plugin.semamba_pp.kernel_cache import forget_outdated

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
        end = self.coefficients.error_end
        z = self.multiply(x, self.constant(math.sqrt(0.5)))
        z = self.smaller(self.larger(z, self.constant(-end)), self.constant(end))
        square = self.multiply(z, z)
        top = self.multiply(z, self.polynomial(self.coefficients.numerator, square))
        bottom = self.polynomial(self.coefficients.denominator, square)
        erf = self.builder.fdiv(top, bottom, flags=self.flags)
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
