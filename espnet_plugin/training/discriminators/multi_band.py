"""Multi-band discriminator of complex spectrograms (MBD, Kumar et al. 2023; GAP-URGENet specification, 9.1)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from espnet_plugin.training.discriminators.convolution import convolve, convolve_and_activate
from espnet_plugin.training.discriminators.judgement import Judgement

#: Edges of the bands, as shares of the spectrum.
BAND_EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
PEAK = 0.8


class BandDiscriminator(nn.Module):
    """Convolutions over the bands of the complex spectrogram of one resolution, each band by itself.

    The wave's mean is removed and its peak set, so that the level says nothing.

    Args:
        window_samples: of the STFT; its hop is a quarter.
        channels: of the hidden maps.
    """

    def __init__(self, window_samples: int, channels: int = 32) -> None:
        super().__init__()
        self.window_samples = window_samples
        self.register_buffer("window", torch.hann_window(window_samples), persistent=False)
        bins = window_samples // 2 + 1
        edges = [int(edge * bins) for edge in BAND_EDGES]
        self.bands = list(zip(edges, edges[1:]))
        self.convolutions = nn.ModuleList(self._stack(channels) for _ in self.bands)
        self.score = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    @staticmethod
    def _stack(channels: int) -> nn.ModuleList:
        # The stride runs along frequency.
        halving = [nn.Conv2d(channels, channels, (3, 9), stride=(1, 2), padding=(1, 4)) for _ in range(3)]
        first = nn.Conv2d(2, channels, (3, 9), padding=(1, 4))
        last = nn.Conv2d(channels, channels, (3, 3), padding=(1, 1))
        return nn.ModuleList(weight_norm(layer) for layer in (first, *halving, last))

    def spectrogram(self, wave: Tensor) -> Tensor:
        """Real and imaginary part (B, 2, T, F) of waves (B, N), N above half a window."""
        wave = wave - wave.mean(dim=-1, keepdim=True)
        wave = PEAK * wave / (wave.abs().amax(dim=-1, keepdim=True) + 1e-9)
        spectrum = torch.stft(
            wave,
            self.window_samples,
            self.window_samples // 4,
            window=self.window.to(wave.dtype),
            return_complex=True,
        )
        return torch.view_as_real(spectrum).permute(0, 3, 2, 1)

    def forward(self, wave: Tensor) -> Judgement:
        """Judge waves (B, N); the maps are those from the second convolution of each band on."""
        # Half precision would drown the quiet bins.
        with torch.autocast(wave.device.type, enabled=False):
            spectrum = self.spectrogram(wave.float() if wave.dtype in (torch.half, torch.bfloat16) else wave)
        maps, ends = [], []
        for (low, high), stack in zip(self.bands, self.convolutions):
            x = spectrum[..., low:high]
            for position, convolution in enumerate(stack):
                x = convolve_and_activate(convolution, x)
                if position:
                    maps.append(x)
            ends.append(x)
        score = convolve(self.score, torch.cat(ends, dim=-1))
        return Judgement(score, [*maps, score])


class MultiBandDiscriminator(nn.Module):
    """Band discriminators of several resolutions.

    Args:
        windows_samples: of their STFTs.
        channels: of the hidden maps.
    """

    def __init__(self, windows_samples: Sequence[int] = (2048, 1024, 512), channels: int = 32) -> None:
        super().__init__()
        self.resolutions = nn.ModuleList(BandDiscriminator(window, channels) for window in windows_samples)

    @property
    def shortest_samples(self) -> int:
        """The shortest wave that every resolution can reflect at its ends."""
        return 1 + max(resolution.window_samples // 2 for resolution in self.resolutions)

    def forward(self, wave: Tensor) -> list[Judgement]:
        """One judgement per resolution of waves (B, N) with N of at least ``shortest_samples``."""
        return [resolution(wave) for resolution in self.resolutions]
