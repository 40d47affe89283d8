"""SpkSim: similarity of speaker embeddings by ESPnet's RawNet3 (Jung et al. 2022)."""

from __future__ import annotations

from espnet_plugin.scoring.metric import Column, Item, Metric, Setup, Unscorable
from espnet_plugin.scoring.network_input import RATE_HZ, network_input
from espnet_plugin.scoring.weights import Weights

SHORTEST_SAMPLES = 715  # two frames, so that there is a variance over frames


class SpeakerSimilarity(Metric):
    """Cosine between the embeddings of the two whole waves at 16 kHz, between -1 and 1.

    The embeddings are those of ESPnet 202412, which the challenge pins: later releases compute others.
    """

    columns = (Column("SpkSim"),)
    packages = {"espnet": "espnet2", "asteroid-filterbanks": "asteroid_filterbanks", "soxr": "soxr"}
    weights = Weights(
        "rawnet3",
        repository="espnet/voxcelebs12_rawnet3",
        patterns=("meta.yaml", "**/config.yaml", "**/*.pth"),
        licence="CC BY 4.0",
        page="https://huggingface.co/espnet/voxcelebs12_rawnet3",
        size_mb=81,
    )
    memory_gib = 2.5

    def __init__(self, setup: Setup | None = None):
        super().__init__(setup)
        self._embed = None

    def score(self, item: Item) -> tuple[float, ...]:
        import torch

        waves = [network_input(wave, item.rate_hz) for wave in (item.reference, item.estimate)]
        if len(waves[0]) < SHORTEST_SAMPLES:
            raise Unscorable(f"SpkSim needs at least {SHORTEST_SAMPLES / RATE_HZ:.3f} s")
        if self._embed is None:
            from espnet_plugin.espnet_modules.speaker_embedding import SpeakerEmbedding

            self._embed = SpeakerEmbedding(self.weights_folder(), self.setup.device)
        embeddings = [self._embed(wave) for wave in waves]
        return (float(torch.cosine_similarity(*embeddings, dim=0)),)
