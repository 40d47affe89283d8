"""Between a wave and the network's features: compressed magnitude and phase.

Shapes: B items, N samples, F bins, T frames; at 16 kHz F = 201, T = 1 + N // 100. Specification, section 1.
"""

import torch
from torch import Tensor, nn

FRAMES_PER_S = 160


class Spectrum(nn.Module):
    """Short-time Fourier transform with a power-compressed magnitude, and its inverse.

    At every rate a frame is 25 ms of a periodic Hann window, the next one begins 6.25 ms later, and bins are
    40 Hz apart: at 16 kHz 400 and 100 samples.

    Args:
        rate_hz: of the wave.
        compression: exponent c of the magnitude.

    Raises:
        ValueError: a rate at which a frame or a step has no whole number of samples.
    """

    def __init__(self, rate_hz: int = 16000, compression: float = 0.3):
        super().__init__()
        if rate_hz <= 0 or rate_hz % FRAMES_PER_S:
            raise ValueError(f"a rate is a multiple of {FRAMES_PER_S} Hz, not {rate_hz} Hz")
        self.rate_hz = rate_hz
        self.hop = rate_hz // FRAMES_PER_S
        self.window = 4 * self.hop
        self.compression = compression
        # Not stored in checkpoints: it is a constant, and the official files hold no buffers.
        self.register_buffer("hann", torch.hann_window(self.window), persistent=False)

    @property
    def bins(self) -> int:
        """F, the number of frequency bins."""
        return self.window // 2 + 1

    def transform(self, wave: Tensor) -> Tensor:
        """The complex spectrum (B, F, T) of a wave (B, N); centred, with reflected edges.

        Raises:
            ValueError: the wave is too short to be reflected (N <= window / 2).
        """
        if wave.shape[-1] <= self.window // 2:
            raise ValueError(
                f"a wave needs more than {self.window // 2} samples, this one has {wave.shape[-1]}"
            )
        return torch.stft(
            wave,
            self.window,
            self.hop,
            window=self.hann.to(wave.dtype),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )

    def analyse(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Compressed magnitude |S|^c and phase in (-pi, pi], both (B, F, T), of a wave (B, N).

        No epsilon anywhere: the phase of a silent bin is 0.
        """
        spectrum = self.transform(wave)
        return spectrum.abs() ** self.compression, spectrum.angle()

    def synthesise(self, magnitude: Tensor, phase: Tensor, length: int | None = None) -> Tensor:
        """The wave (B, N) of a compressed magnitude and a phase, both (B, F, T).

        Args:
            magnitude: compressed magnitude, at least 0.
            phase: in radians.
            length: number of samples N; by default all whole hops, those of T - 1 frames.
        """
        spectrum = torch.polar(magnitude ** (1 / self.compression), phase)
        return torch.istft(
            spectrum, self.window, self.hop, window=self.hann.to(magnitude.dtype), center=True, length=length
        )
