"""Discriminator of feature sequences, for GAP-URGENet's adapter (specification, 9.3)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from espnet_plugin.training.discriminators.convolution import NEGATIVE_SLOPE
from espnet_plugin.training.discriminators.judgement import Judgement


class SequenceDiscriminator(nn.Module):
    """Convolutions along the frames of features, eight frames to a score.

    Args:
        feature_channels: width of a frame.
        channels: of the hidden maps.
    """

    def __init__(self, feature_channels: int, channels: int) -> None:
        super().__init__()
        halving = [nn.Conv1d(channels, channels, 7, stride=2, padding=3) for _ in range(3)]
        self.convolutions = nn.ModuleList(
            weight_norm(layer)
            for layer in (
                nn.Conv1d(feature_channels, channels, 1),
                *halving,
                nn.Conv1d(channels, channels, 3, padding=1),
            )
        )
        self.score = weight_norm(nn.Conv1d(channels, 1, 3, padding=1))

    def forward(self, features: Tensor) -> Judgement:
        """Judge features (B, T, C); the score is the last of the six maps."""
        x = features.transpose(1, 2)
        maps = []
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), NEGATIVE_SLOPE)
            maps.append(x)
        score = self.score(x)
        return Judgement(score, [*maps, score])


class FeatureDiscriminator(nn.Module):
    """Sequence discriminators of several widths.

    Args:
        feature_channels: width of a frame.
        widths: channels of the hidden maps of each.
    """

    def __init__(
        self, feature_channels: int = 1024, widths: Sequence[int] = (32, 64, 128, 256, 512, 1024)
    ) -> None:
        super().__init__()
        self.widths = nn.ModuleList(SequenceDiscriminator(feature_channels, width) for width in widths)

    def forward(self, features: Tensor) -> list[Judgement]:
        """One judgement per width of features (B, T, C)."""
        return [width(features) for width in self.widths]
