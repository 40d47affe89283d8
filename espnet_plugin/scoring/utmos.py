"""UTMOS (Saeki et al. 2022): predicted mean opinion score of naturalness, without a reference."""

from __future__ import annotations

from espnet_plugin.audio.sinc_resample import sinc_resample
from espnet_plugin.scoring.metric import Column, Item, Metric
from espnet_plugin.scoring.network_input import RATE_HZ, network_input
from espnet_plugin.scoring.weights import WeightFile, Weights

WEIGHTS_NAME = "utmos22_strong_step7459_v1.pt"


class Utmos(Metric):
    """The strong learner `utmos22_strong` of SpeechMOS 1.2.0 at 16 kHz, without the download by torch.hub.

    Other rates are resampled by torchaudio's default kernel, as the original does.
    """

    columns = (Column("UTMOS"),)
    needs_reference = False
    packages = {"transformers": "transformers"}
    weights = Weights(
        folder="utmos22_strong",
        files=(
            WeightFile(
                WEIGHTS_NAME,
                f"https://github.com/tarepan/SpeechMOS/releases/download/v1.0.0/{WEIGHTS_NAME}",
                # Stated by several public projects that pin it; nobody states another.
                "38aa51ab79e2a4e09a1449758a4b37e9cbb2e8235a49662a732d33a9ba1e9bff",
            ),
        ),
        licence="MIT",
        page="https://github.com/tarepan/SpeechMOS",
        size_mb=411,
    )
    memory_gib = 2
    _network = None

    def score(self, item: Item) -> tuple[float, ...]:
        import torch

        wave = network_input(sinc_resample(item.estimate, item.rate_hz, RATE_HZ), RATE_HZ)
        if self._network is None:
            from espnet_plugin.scoring.utmos_checkpoint import read_utmos

            self._network = read_utmos(self.weights_folder() / WEIGHTS_NAME).to(self.setup.device)
        with torch.inference_mode():
            return (self._network(torch.from_numpy(wave)[None].to(self.setup.device)).item(),)
