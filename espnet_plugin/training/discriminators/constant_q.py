"""Constant-Q transform by octaves: the same kernels on the wave at full, half, quarter ... rate.

SEMamba++ specification, section 5. Kernels are designed in float64 and kept in float32.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class OctaveCascade(nn.Module):
    """The wave at its own rate and at half, a quarter ... of it, by one half-band low-pass.

    Args:
        octaves: number of waves that come out.
    """

    TAPS = 256
    # Edges of the low-pass lie this factor below and above half of the Nyquist frequency.
    TRANSITION = 1.001
    # Samples computed together. One output channel of 256 taps keeps a processor waiting for memory;
    # this many shifted copies of the filter are a matrix product, 30 times faster.
    BLOCK = 64

    def __init__(self, octaves: int = 8) -> None:
        super().__init__()
        from scipy.signal import firwin2  # slow to import, and only training needs it

        self.octaves = octaves
        low_pass = firwin2(self.TAPS, [0.0, 0.5 / self.TRANSITION, 0.5 * self.TRANSITION, 1.0], [1, 1, 0, 0])
        shifted = np.zeros((self.BLOCK, 1, self.TAPS + 2 * (self.BLOCK - 1)), dtype=np.float32)
        for sample in range(self.BLOCK):
            shifted[sample, 0, 2 * sample : 2 * sample + self.TAPS] = low_pass
        # Not persistent: designed, not learned.
        self.register_buffer("shifted_low_passes", torch.from_numpy(shifted), persistent=False)

    def halve(self, wave: Tensor) -> Tensor:
        """The wave (B, N) at half its rate, (B, N // 2)."""
        samples = wave.shape[1] // 2
        blocks = -(-samples // self.BLOCK)
        before = self.TAPS // 2 - 1
        needed = 2 * self.BLOCK * (blocks - 1) + self.shifted_low_passes.shape[-1]
        padded = functional.pad(wave, (before, needed - before - wave.shape[1])).unsqueeze(1)
        halved = functional.conv1d(padded, self.shifted_low_passes, stride=2 * self.BLOCK)
        return halved.transpose(1, 2).flatten(1)[:, :samples]

    def forward(self, wave: Tensor) -> list[Tensor]:
        """Waves (B, N), (B, N // 2), (B, N // 4) ... from the highest octave down."""
        waves = [wave]
        for _ in range(self.octaves - 1):
            waves.append(self.halve(waves[-1]))
        return waves


class ConstantQTransform(nn.Module):
    """Complex constant-Q spectrum, octave by octave.

    Args:
        rate_hz: rate of the first wave of the cascade.
        lowest_hz: centre of the lowest bin.
        octaves: number of octaves.
        bins_per_octave: bins in each.
        hop_samples: step between frames at ``rate_hz``; a multiple of 2^(octaves - 1), so that every
            octave has whole steps.

    Raises:
        ValueError: ``hop_samples`` is no such multiple.
    """

    def __init__(
        self,
        rate_hz: int = 32000,
        lowest_hz: float = 32.70,
        octaves: int = 8,
        bins_per_octave: int = 12,
        hop_samples: int = 512,
    ) -> None:
        super().__init__()
        if hop_samples % 2 ** (octaves - 1):
            raise ValueError(
                f"the hop of a constant-Q transform of {octaves} octaves must be a multiple of "
                f"{2 ** (octaves - 1)} samples, not {hop_samples}"
            )
        self.hop_samples = hop_samples
        self.bins_per_octave = bins_per_octave
        quality = 1 / (2 ** (1 / bins_per_octave) - 1)
        step = np.arange(octaves * bins_per_octave) / bins_per_octave
        top_octave_hz = lowest_hz * 2 ** (octaves - 1) * 2 ** step[:bins_per_octave]
        kernels = design_kernels(top_octave_hz, rate_hz, quality)
        scales = np.sqrt(np.ceil(quality * rate_hz / (lowest_hz * 2**step)))
        # Not persistent: designed, not learned. The transform takes the conjugate of the kernels.
        rows = np.concatenate((kernels.real, -kernels.imag)).astype(np.float32)
        self.register_buffer("kernels", torch.from_numpy(rows).unsqueeze(1), persistent=False)
        scales = scales.astype(np.float32).reshape(octaves, bins_per_octave)
        self.register_buffer("scales", torch.from_numpy(scales), persistent=False)

    def forward(self, waves: Sequence[Tensor]) -> list[Tensor]:
        """Real and imaginary part of every octave, from the lowest up.

        Args:
            waves: what ``OctaveCascade`` gives, with as many octaves.

        Returns:
            (B, 2, T, bins per octave) for each octave, T = 1 + N // hop.
        """
        octaves = []
        for depth, wave in enumerate(waves):
            spectrum = functional.conv1d(
                wave.unsqueeze(1),
                self.kernels,
                stride=self.hop_samples // 2**depth,
                padding=self.kernels.shape[-1] // 2,
            )
            spectrum = spectrum.unflatten(1, (2, self.bins_per_octave)).transpose(2, 3)
            octaves.append(spectrum * self.scales[-1 - depth])
        return octaves[::-1]


def design_kernels(frequencies_hz: np.ndarray, rate_hz: int, quality: float) -> np.ndarray:
    """Windowed oscillations, centred in a common length.

    Args:
        frequencies_hz: rising centre frequencies.
        rate_hz: sampling rate.
        quality: centre frequency by bandwidth; a kernel spans that many periods.

    Returns:
        (frequencies, power of two) complex; each row has an absolute sum of 1.
    """
    from scipy.signal.windows import hann

    lengths = [math.ceil(quality * rate_hz / frequency) for frequency in frequencies_hz]
    common = 2 ** math.ceil(math.log2(lengths[0]))
    kernels = np.zeros((len(lengths), common), dtype=complex)
    for kernel, length, frequency in zip(kernels, lengths, frequencies_hz):
        time_s = np.arange(-((length + 1) // 2), length // 2) / rate_hz
        oscillation = hann(length, sym=False) * np.exp(2j * np.pi * frequency * time_s)
        start = (common - length) // 2
        kernel[start : start + length] = oscillation / np.abs(oscillation).sum()
    return kernels
