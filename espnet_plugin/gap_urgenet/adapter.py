"""From the encoder's features of degraded speech to those of clean speech (specification, section 5)."""

from torch import Tensor, nn

from espnet_plugin.gap_urgenet.vocos import VocosBackbone


class Adapter(nn.Module):
    """Estimates the first layer's features of clean speech from the first and last layer's of degraded.

    Args:
        in_channels, out_channels: features per frame.
        channels, hidden, blocks: of `VocosBackbone`.
    """

    def __init__(
        self,
        in_channels: int = 1024,
        channels: int = 1024,
        hidden: int = 3072,
        blocks: int = 12,
        out_channels: int = 1024,
    ):
        super().__init__()
        self.project = nn.Linear(in_channels, in_channels)
        self.backbone = VocosBackbone(in_channels, channels, hidden, blocks)
        self.head = nn.Linear(channels, out_channels)

    def forward(self, first: Tensor, last: Tensor) -> Tensor:
        """Clean features (B, T, out_channels).

        Args:
            first: features of the encoder's first layer (B, T, in_channels), which hold the sound.
            last: those of its last layer, which hold the words.
        """
        return self.head(self.backbone(self.project(last) + first))
