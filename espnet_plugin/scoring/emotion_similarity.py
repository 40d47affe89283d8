"""EmoSim: does the estimate carry the emotion of the reference, as emotion2vec (Ma et al. 2024) sees it?"""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric
from espnet_plugin.scoring.network_input import network_input
from espnet_plugin.scoring.weights import WeightFile, Weights

WEIGHTS_NAME = "emotion2vec_base.pt"
_REPOSITORY = "emotion2vec/emotion2vec_base"
_REVISION = "0c9a3152734f9d7a7a05b4ee6bfb3c109d288664"


class EmotionSimilarity(Metric):
    """Cosine between the features of both files, averaged over frames, at 16 kHz.

    The features are those of the last layer of emotion2vec_base, by an implementation of our own: fairseq,
    for which the file was made, does not run on the Pythons that ESPnet needs.
    """

    columns = (Column("EmoSim", decimals=3),)
    packages = {"soxr": "soxr"}
    weights = Weights(
        folder="emotion2vec_base",
        repository=_REPOSITORY,
        revision=_REVISION,
        patterns=(WEIGHTS_NAME,),
        files=(
            WeightFile(
                WEIGHTS_NAME,
                f"https://huggingface.co/{_REPOSITORY}/resolve/{_REVISION}/{WEIGHTS_NAME}",
                # Shown by the hub on the file's page.
                "4f14ddf7ba394bcafdd4bff6ae0f24ab2e4134260d4dd42c58ea791a201b02dd",
            ),
        ),
        licence="FunASR model licence",
        page=f"https://huggingface.co/{_REPOSITORY}",
        size_mb=1126,
    )
    memory_gib = 1.5
    _network = None

    def score(self, item: Item) -> tuple[float, ...]:
        estimate, reference = (
            self._features(network_input(wave, item.rate_hz)) for wave in (item.estimate, item.reference)
        )
        cosine = estimate @ reference / (np.linalg.norm(estimate) * np.linalg.norm(reference))
        return (float(cosine),)

    def _features(self, wave: np.ndarray) -> np.ndarray:
        import torch

        if self._network is None:
            from espnet_plugin.scoring.emotion2vec_checkpoint import read_emotion2vec

            network, self._normalize = read_emotion2vec(self.weights_folder() / WEIGHTS_NAME)
            self._network = network.to(self.setup.device)
        source = torch.from_numpy(wave).to(self.setup.device)
        with torch.inference_mode():
            if self._normalize:
                source = torch.nn.functional.layer_norm(source, source.shape)
            return self._network(source[None])[0].mean(dim=0).cpu().numpy()
