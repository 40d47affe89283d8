"""LID: whether OWSM-CTC v4 (Peng et al. 2025) recognises the language that is spoken."""

from __future__ import annotations

from espnet_plugin.scoring.metric import Column, Item, Metric, Setup, Unscorable
from espnet_plugin.scoring.network_input import RATE_HZ, network_input
from espnet_plugin.scoring.weights import Weights

SHORTEST_S = 0.14  # 15 feature frames, which the network's first layers make one of


class LanguageIdentification(Metric):
    """1 if the first token that is recognised without a hint is that of the language, else 0; at 16 kHz."""

    columns = (Column("LID"),)
    needs_reference = False
    labels = ("language",)
    packages = {"espnet": "espnet2", "sentencepiece": "sentencepiece", "soxr": "soxr"}
    weights = Weights(
        "owsm_ctc_v4",
        repository="espnet/owsm_ctc_v4_1B",
        patterns=("meta.yaml", "**/config.yaml", "**/*.pth", "**/feats_stats.npz", "**/bpe.model"),
        licence="CC BY 4.0",
        page="https://huggingface.co/espnet/owsm_ctc_v4_1B",
        size_mb=4050,
    )
    memory_gib = 6.0

    def __init__(self, setup: Setup | None = None):
        super().__init__(setup)
        self._recognise = None

    def score(self, item: Item) -> tuple[float, ...]:
        wave = network_input(item.estimate, item.rate_hz)
        if len(wave) < SHORTEST_S * RATE_HZ:
            raise Unscorable(f"LID needs at least {SHORTEST_S} s")
        if self._recognise is None:
            from espnet_plugin.espnet_modules.recognition import LanguageRecogniser

            self._recognise = LanguageRecogniser(self.weights_folder(), self.setup.device)
        return (float(self._recognise(wave) == item.language.strip("<>")),)
