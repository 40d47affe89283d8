"""The network of NISQA v2.0 (Mittag et al. 2021): convolutions, self-attention, one pooling per dimension."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

DIMENSIONS = ("overall", "noisiness", "discontinuity", "coloration", "loudness")
MEL_BANDS, SEGMENT_FRAMES = 48, 15
WIDTH = 64
#: Channels of the six convolutions and what their outputs are shrunk to, (bands, frames).
CHANNELS = (16, 32, 64, 64, 64, 64)
SHRUNK = ((24, 7), (12, 5), None, (6, 3), None, None)


class NisqaNetwork(nn.Module):
    """Segments of a mel spectrogram to five opinion scores; 252,458 parameters."""

    def __init__(self):
        super().__init__()
        self.cnn = SegmentFeatures()
        self.time_dependency = SegmentAttention(CHANNELS[-1] * SHRUNK[3][0])
        self.pool_layers = nn.ModuleList(AttentionPooling() for _ in DIMENSIONS)

    def forward(self, segments: Tensor) -> Tensor:
        """Rate one file.

        Args:
            segments: (segments, 48 mel bands, 15 frames) in dB.

        Returns:
            (5,), in the order of `DIMENSIONS`; about 1 to 5, without hard limits.
        """
        features = self.time_dependency(self.cnn(segments))
        return torch.cat([pool(features) for pool in self.pool_layers])


class SegmentFeatures(nn.Module):
    """Each segment for itself: (segments, bands, frames) -> (segments, features)."""

    def __init__(self):
        super().__init__()
        before = 1
        for number, channels in enumerate(CHANNELS, 1):
            # The last one spans all frames that are left, so its output has one.
            padding = (1, 1) if number < len(CHANNELS) else (1, 0)
            self.add_module(f"conv{number}", nn.Conv2d(before, channels, 3, padding=padding))
            self.add_module(f"bn{number}", nn.BatchNorm2d(channels))
            before = channels

    def forward(self, segments: Tensor) -> Tensor:
        maps = segments[:, None]
        for number, size in enumerate(SHRUNK, 1):
            convolve, normalise = self.get_submodule(f"conv{number}"), self.get_submodule(f"bn{number}")
            maps = normalise(convolve(maps)).relu()
            if size:
                maps = adaptive_max_pool2d(maps, size)
        return maps.flatten(1)


class SegmentAttention(nn.Module):
    """Segments look at each other: (segments, features) -> (segments, 64)."""

    def __init__(self, features: int):
        super().__init__()
        self.linear = nn.Linear(features, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, nhead=1, dim_feedforward=WIDTH, batch_first=True)
            for _ in range(2)
        )

    def forward(self, features: Tensor) -> Tensor:
        sequence = self.norm1(self.linear(features))[None]
        for layer in self.layers:
            sequence = layer(sequence)
        return sequence[0]


class AttentionPooling(nn.Module):
    """The mean over segments by learned weights, then one number: (segments, 64) -> (1,)."""

    def __init__(self):
        super().__init__()
        self.linear1 = nn.Linear(WIDTH, 2 * WIDTH)
        self.linear2 = nn.Linear(2 * WIDTH, 1)
        self.linear3 = nn.Linear(WIDTH, 1)

    def forward(self, features: Tensor) -> Tensor:
        weights = self.linear2(self.linear1(features).relu()).softmax(dim=0)
        return self.linear3((weights * features).sum(dim=0))
