"""Multi-scale sub-band constant-Q discriminator (MS-SB-CQTD; SEMamba++ specification, section 5)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from espnet_plugin.training.discriminators.constant_q import ConstantQTransform, OctaveCascade
from espnet_plugin.training.discriminators.convolution import convolve, convolve_and_activate
from espnet_plugin.training.discriminators.judgement import Judgement


class SubBandCqtDiscriminator(nn.Module):
    """Convolutions over the complex constant-Q spectrum of one scale.

    Every octave first goes through a small convolution of its own, which may undo that lower octaves are
    delayed more than higher ones.

    Args:
        transform: the constant-Q transform.
        octaves: its number of octaves.
        channels: of the hidden maps.
    """

    def __init__(self, transform: ConstantQTransform, octaves: int, channels: int = 128) -> None:
        super().__init__()
        self.transform = transform
        self.octaves = nn.ModuleList(nn.Conv2d(2, 2, (3, 9), padding=(1, 4)) for _ in range(octaves))
        # The stride runs along the bins, the dilation along time.
        halving = [
            nn.Conv2d(channels, channels, (3, 9), stride=(1, 2), dilation=(reach, 1), padding=(reach, 4))
            for reach in (1, 2, 4)
        ]
        self.convolutions = nn.ModuleList(
            (
                nn.Conv2d(2, channels, (3, 9), padding=(1, 4)),
                *(weight_norm(layer) for layer in halving),
                weight_norm(nn.Conv2d(channels, channels, (3, 3), padding=(1, 1))),
            )
        )
        self.score = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    def forward(self, waves: Sequence[Tensor]) -> Judgement:
        """Judge waves that went through an ``OctaveCascade``; the score is not among the five maps."""
        # Half precision would drown the quiet bins.
        with torch.autocast(waves[0].device.type, enabled=False):
            spectra = self.transform(waves)  # (B, 2, T, bins per octave) each
        x = torch.cat([convolve(spectrum) for convolve, spectrum in zip(self.octaves, spectra)], dim=-1)
        maps = []
        for convolution in self.convolutions:
            x = convolve_and_activate(convolution, x)
            maps.append(x)
        return Judgement(convolve(self.score, x), maps)


class MultiScaleSubBandCqtDiscriminator(nn.Module):
    """Constant-Q discriminators of several scales, each with weights of its own.

    Args:
        scales: (hop in samples at 32 kHz, bins per octave); hops are multiples of 2^(octaves - 1).
        octaves: number of octaves from 32.7 Hz on.
        channels: of the hidden maps.
        rate_hz: rate of the waves. They are analysed at twice that rate, where the highest octave
            ends below the Nyquist frequency.

    Raises:
        ValueError: a hop is no such multiple.
    """

    def __init__(
        self,
        scales: Sequence[Sequence[int]] = ((512, 12), (256, 24), (256, 36)),
        octaves: int = 8,
        channels: int = 128,
        rate_hz: int = 16000,
    ) -> None:
        super().__init__()
        self.rate_hz = rate_hz
        self.cascade = OctaveCascade(octaves)
        self.scales = nn.ModuleList(
            SubBandCqtDiscriminator(
                ConstantQTransform(
                    2 * rate_hz, octaves=octaves, bins_per_octave=bins_per_octave, hop_samples=hop_samples
                ),
                octaves,
                channels,
            )
            for hop_samples, bins_per_octave in scales
        )

    def octave_waves(self, wave: Tensor) -> list[Tensor]:
        """The wave (B, N) at twice its rate, and that halved again and again."""
        from torchaudio.functional import resample  # slow to import, and only training needs it

        return self.cascade(resample(wave, self.rate_hz, 2 * self.rate_hz))

    def forward(self, wave: Tensor) -> list[Judgement]:
        """One judgement per scale of waves (B, N)."""
        # All scales share the cascade, since it does not depend on the bins.
        with torch.autocast(wave.device.type, enabled=False):
            waves = self.octave_waves(wave)
        return [scale(waves) for scale in self.scales]
