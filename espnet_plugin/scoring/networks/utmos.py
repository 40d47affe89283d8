"""The network of UTMOS (Saeki et al. 2022, strong learner) behind its speech encoder."""

import torch
from torch import Tensor, nn


class StrongLearner(nn.Module):
    """Waves to one opinion score each, by the mean over frames.

    Args:
        encoder: the wav2vec 2.0 of transformers.
        embedding: size of the two constant vectors beside each frame: whose opinion, on which kind of data.
        hidden: size of the recurrent layer in each direction.
        projection: size of the hidden layer of the projection.
    """

    def __init__(self, encoder: nn.Module, embedding: int, hidden: int, projection: int):
        super().__init__()
        self.wav2vec2 = encoder
        self.domain_emb = nn.Parameter(torch.zeros(1, embedding))
        self.judge_emb = nn.Parameter(torch.zeros(1, embedding))
        self.blstm = nn.LSTM(
            encoder.config.hidden_size + 2 * embedding, hidden, batch_first=True, bidirectional=True
        )
        self.projection = nn.Sequential(
            nn.Linear(2 * hidden, projection), nn.ReLU(), nn.Linear(projection, 1)
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Rate waves of equal length.

        Args:
            waves: (batch, samples) at 16 kHz, at least 400 samples.

        Returns:
            (batch,), about 1 to 5.
        """
        frames = self.wav2vec2(waves).last_hidden_state
        constant = torch.cat([self.domain_emb, self.judge_emb], dim=1)
        frames = torch.cat([frames, constant.expand(*frames.shape[:2], -1)], dim=2)
        # The network was trained on opinions moved from 1 ... 5 to -1 ... 1.
        return 3 + 2 * self.projection(self.blstm(frames)[0]).mean(dim=(1, 2))
