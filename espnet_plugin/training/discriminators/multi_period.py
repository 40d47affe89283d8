"""Multi-period discriminator of waves (MPD, Kong et al. 2020; GAP-URGENet specification, 9.1)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from espnet_plugin.training.discriminators.convolution import convolve, convolve_and_activate
from espnet_plugin.training.discriminators.judgement import Judgement

KERNEL = 5


class PeriodDiscriminator(nn.Module):
    """Looks at a wave folded to rows of one period: convolutions run along time, from period to period.

    Args:
        period_samples: samples in a row.
        channels: of the hidden maps; all but the last convolution take every third row.
    """

    STRIDE = 3

    def __init__(self, period_samples: int, channels: Sequence[int] = (32, 128, 512, 1024, 1024)) -> None:
        super().__init__()
        self.period_samples = period_samples
        widths = [1, *channels]
        strides = [self.STRIDE] * (len(channels) - 1) + [1]
        self.convolutions = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, (KERNEL, 1), (stride, 1), (KERNEL // 2, 0)))
            for before, after, stride in zip(widths, widths[1:], strides)
        )
        self.score = weight_norm(nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, wave: Tensor) -> Judgement:
        """Judge waves (B, N), N above the period; the score is the last of the six maps."""
        missing = -wave.shape[-1] % self.period_samples
        if missing:
            wave = functional.pad(wave.unsqueeze(1), (0, missing), mode="reflect").squeeze(1)
        x = wave.unflatten(-1, (-1, self.period_samples)).unsqueeze(1)  # (B, 1, N / period, period)
        maps = []
        for convolution in self.convolutions:
            x = convolve_and_activate(convolution, x)
            maps.append(x)
        score = convolve(self.score, x)
        return Judgement(score, [*maps, score])


class MultiPeriodDiscriminator(nn.Module):
    """Period discriminators of several prime periods.

    Args:
        periods_samples: the periods.
        channels: of the hidden maps of each.
    """

    def __init__(
        self,
        periods_samples: Sequence[int] = (2, 3, 5, 7, 11),
        channels: Sequence[int] = (32, 128, 512, 1024, 1024),
    ) -> None:
        super().__init__()
        self.periods = nn.ModuleList(PeriodDiscriminator(period, channels) for period in periods_samples)

    def forward(self, wave: Tensor) -> list[Judgement]:
        """One judgement per period of waves (B, N)."""
        return [period(wave) for period in self.periods]
