"""Numba kernel of the polyphase resampling; a file of its own, as numba is slow to import."""

from numba import njit

# Sums may be reordered, so that the dot products become vector instructions.
ARITHMETIC = {"reassoc", "contract", "nnan", "ninf", "nsz"}


@njit(fastmath=ARITHMETIC, cache=True, nogil=True)
def polyphase(padded, weights, down, resampled):
    """Sums of neighbouring samples; each output moves on by `down / up` input samples.

    Args:
        padded: (samples + taps - 1,) the wave with zeros at both ends.
        weights: (up, taps), one row per phase; same type as `padded`.
        down: input samples per `up` output samples.
        resampled: (any,), is filled; same type as `padded`.
    """
    up, taps = weights.shape
    phase, first = 0, 0
    for place in range(len(resampled)):
        # Slices: numba then needs no check for negative indices, which would hinder vector instructions.
        row, window = weights[phase], padded[first : first + taps]
        total = padded.dtype.type(0)
        for tap in range(taps):
            total += row[tap] * window[tap]
        resampled[place] = total
        phase += down
        first += phase // up
        phase %= up
