"""Between waves and spectra, with windows of which half overlaps (specification, section 6).

Shapes: B items, N samples, T = 1 + N // hop frames, F = window // 2 + 1 bins.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor


class ShortTime:
    """Short-time Fourier transform with a periodic Hann window, centred, its hop half the window.

    Args:
        window: in samples.
    """

    def __init__(self, window: int):
        self.window = window
        self.hop = window // 2

    def transform(self, wave: Tensor) -> Tensor:
        """Real and imaginary parts (B, 2, T, F) of a wave (B, N), N > window / 2."""
        spectrum = torch.stft(
            wave,
            self.window,
            self.hop,
            window=self._hann(wave),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        return torch.view_as_real(spectrum).permute(0, 3, 2, 1)

    def synthesise(self, parts: Tensor, samples: int) -> Tensor:
        """The wave (B, samples) of real and imaginary parts (B, 2, T, F).

        What is left over of the last hop is silent: there the windows vanish, and dividing by them would
        blow up whatever the network says.
        """
        spectrum = torch.view_as_complex(parts.float().permute(0, 3, 2, 1).contiguous())
        wave = torch.istft(spectrum, self.window, self.hop, window=self._hann(parts), center=True)
        return functional.pad(wave, (0, samples - wave.shape[-1]))

    def _hann(self, like: Tensor) -> Tensor:
        # Made anew each time, as it is no weight and takes microseconds.
        return torch.hann_window(self.window, device=like.device)


def standardise(wave: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The wave with zero mean and unit variance along the axes, and its (unbiased) deviation."""
    deviation = wave.std(axes, keepdim=True)
    return (wave - wave.mean(axes, keepdim=True)) / (deviation + 1e-12), deviation
