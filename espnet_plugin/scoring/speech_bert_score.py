"""SpeechBERTScore (Saeki et al. 2024): how much of the estimate sounds like something in the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric
from espnet_plugin.scoring.network_input import network_input
from espnet_plugin.scoring.weights import WeightFile, Weights

if TYPE_CHECKING:
    from torch import Tensor

#: Output of this transformer layer, counted from 1: `hidden_states[8]`, where 0 is the input of the first.
LAYER = 8
WEIGHTS_NAME = "model.safetensors"
_REPOSITORY = "utter-project/mHuBERT-147"
_REVISION = "3c4c625e915d7e761d5203a6963129e7c1ff2eb6"


class SpeechBertScore(Metric):
    """Precision at 16 kHz: mean over the estimate's frames of the largest cosine to any reference frame.

    The features are those of mHuBERT-147, layer 8. As in the challenge's script the wave goes in as it is,
    although the model's own preprocessing would give it zero mean and unit variance.
    """

    columns = (Column("SpeechBERTScore", decimals=3),)
    packages = {"transformers": "transformers", "soxr": "soxr"}
    weights = Weights(
        folder="mhubert-147",
        repository=_REPOSITORY,
        revision=_REVISION,
        patterns=("config.json", WEIGHTS_NAME),
        files=(
            WeightFile(
                WEIGHTS_NAME,
                f"https://huggingface.co/{_REPOSITORY}/resolve/{_REVISION}/{WEIGHTS_NAME}",
                # Shown by the hub on the file's page.
                "2359b3e9dc6869cb0855119a2866f056aeb400e46252da9cbcc8e9b7aee50c8b",
            ),
        ),
        licence="CC BY-NC-SA 4.0",
        page=f"https://huggingface.co/{_REPOSITORY}",
        size_mb=378,
    )
    memory_gib = 1.5
    _network = None

    def score(self, item: Item) -> tuple[float, ...]:
        estimate, reference = (
            self._features(network_input(wave, item.rate_hz)) for wave in (item.estimate, item.reference)
        )
        return (precision(estimate, reference),)

    def _features(self, wave: np.ndarray) -> Tensor:
        import torch

        if self._network is None:
            from transformers import HubertModel

            from espnet_plugin.scoring.hub_network import load_hub_network

            # The layers above would be computed for nothing.
            network = load_hub_network(
                HubertModel, self.weights_folder(), WEIGHTS_NAME, num_hidden_layers=LAYER
            )
            self._network = network.to(self.setup.device)
        with torch.inference_mode():
            return self._network(torch.from_numpy(wave)[None].to(self.setup.device)).last_hidden_state[0]


def precision(estimate: Tensor, reference: Tensor) -> float:
    """Mean over the estimate's frames of the largest cosine to any frame of the reference.

    Args:
        estimate, reference: (frames, features); the numbers of frames may differ.
    """
    products = estimate @ reference.T
    cosines = products / (estimate.norm(dim=1)[:, None] * reference.norm(dim=1))
    return float(cosines.amax(dim=1).mean())
