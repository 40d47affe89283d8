"""Metric discriminator: learns to predict a quality score from two spectra (MetricGAN, Fu et al., 2019)."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class LearnableSigmoid(nn.Module):
    """Sigmoid with a slope that is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.slope * x)


class MetricDiscriminator(nn.Module):
    """Predicts the quality of a restored signal from its magnitude and that of the clean one.

    The form used with CMGAN, MP-SENet and SEMamba: four convolutions that halve both axes, the maximum over
    what is left, two linear layers; spectral norm throughout.

    Args:
        channels: of the first map; every further map has twice as many (the last one eight times).
        dropout: probability in front of the last layer, in training only.
    """

    def __init__(self, channels: int = 16, dropout: float = 0.3) -> None:
        super().__init__()
        widths = [2, channels, 2 * channels, 4 * channels, 8 * channels]
        layers = []
        for before, after in zip(widths, widths[1:]):
            convolution = nn.Conv2d(before, after, (4, 4), stride=(2, 2), padding=(1, 1), bias=False)
            layers += [spectral_norm(convolution), nn.InstanceNorm2d(after, affine=True), nn.PReLU(after)]
        self.features = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten())
        hidden = 4 * channels
        self.quality = nn.Sequential(
            spectral_norm(nn.Linear(widths[-1], hidden)),
            nn.Dropout(dropout),
            nn.PReLU(hidden),
            spectral_norm(nn.Linear(hidden, 1)),
            LearnableSigmoid(),
        )

    def forward(self, clean: Tensor, restored: Tensor) -> Tensor:
        """Predicted quality (B,) in [0, 1] of ``restored``.

        Args:
            clean: compressed magnitude (B, F, T), both axes of at least 32.
            restored: (B, F, T) of the same segments.
        """
        return self.quality(self.features(torch.stack((clean, restored), dim=1))).squeeze(-1)
