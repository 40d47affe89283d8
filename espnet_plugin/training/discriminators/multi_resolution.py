"""Multi-resolution spectrogram discriminator (MRD; SEMamba++ specification, section 5)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from espnet_plugin.training.discriminators.convolution import convolve, convolve_and_activate
from espnet_plugin.training.discriminators.judgement import Judgement


class SpectrogramDiscriminator(nn.Module):
    """Convolutions over the plain magnitude spectrogram of one resolution.

    Args:
        fft_samples: length of the transform.
        hop_samples: step between frames.
        window_samples: length of the periodic Hann window, at most ``fft_samples``.
        channels: of the hidden maps.
    """

    def __init__(self, fft_samples: int, hop_samples: int, window_samples: int, channels: int = 32) -> None:
        super().__init__()
        self.fft_samples = fft_samples
        self.hop_samples = hop_samples
        self.window_samples = window_samples
        # Not stored in checkpoints: it is a constant.
        self.register_buffer("window", torch.hann_window(window_samples), persistent=False)
        # The stride runs along time.
        halving = [nn.Conv2d(channels, channels, (3, 9), stride=(1, 2), padding=(1, 4)) for _ in range(3)]
        self.convolutions = nn.ModuleList(
            weight_norm(layer)
            for layer in (
                nn.Conv2d(1, channels, (3, 9), padding=(1, 4)),
                *halving,
                nn.Conv2d(channels, channels, (3, 3), padding=(1, 1)),
            )
        )
        self.score = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    @property
    def padding_samples(self) -> int:
        """How much of the wave is reflected at either end."""
        return (self.fft_samples - self.hop_samples) // 2

    def spectrogram(self, wave: Tensor) -> Tensor:
        """Magnitude (B, F, T) of a wave (B, N) with N above ``padding_samples``."""
        spectrum = torch.stft(
            functional.pad(wave, (self.padding_samples, self.padding_samples), mode="reflect"),
            self.fft_samples,
            self.hop_samples,
            self.window_samples,
            window=self.window,
            center=False,
            return_complex=True,
        )
        return spectrum.abs()

    def forward(self, wave: Tensor) -> Judgement:
        """Judge waves (B, N); the score is the last of the six maps."""
        # Half precision would drown the quiet bins.
        with torch.autocast(wave.device.type, enabled=False):
            x = self.spectrogram(wave).unsqueeze(1)  # (B, 1, F, T)
        maps = []
        for convolution in self.convolutions:
            x = convolve_and_activate(convolution, x)
            maps.append(x)
        score = convolve(self.score, x)
        return Judgement(score, [*maps, score])


class MultiResolutionDiscriminator(nn.Module):
    """Spectrogram discriminators of several resolutions, each with weights of its own.

    Args:
        resolutions: (FFT, hop, window), each in samples at 16 kHz.
        channels: of the hidden maps.
    """

    def __init__(
        self,
        resolutions: Sequence[Sequence[int]] = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)),
        channels: int = 32,
    ) -> None:
        super().__init__()
        self.resolutions = nn.ModuleList(
            SpectrogramDiscriminator(*resolution, channels=channels) for resolution in resolutions
        )

    @property
    def shortest_samples(self) -> int:
        """The shortest wave that every resolution can reflect at its ends."""
        return 1 + max(resolution.padding_samples for resolution in self.resolutions)

    def forward(self, wave: Tensor) -> list[Judgement]:
        """One judgement per resolution of waves (B, N) with N of at least ``shortest_samples``."""
        return [resolution(wave) for resolution in self.resolutions]
