"""LPS, Levenshtein phoneme similarity (Pirklbauer et al. 2023): are the same phonemes heard?"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping

import numpy as np

from espnet_plugin.scoring.edit_distance import count_edits
from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable
from espnet_plugin.scoring.network_input import RATE_HZ, network_input
from espnet_plugin.scoring.weights import WeightFile, Weights

WEIGHTS_NAME = "pytorch_model.bin"
BLANK = "<pad>"
UNKNOWN = "<unk>"
_REPOSITORY = "facebook/wav2vec2-lv-60-espeak-cv-ft"
_REVISION = "ae45363bf3413b374fecd9dc8bc1df0e24c3b7f4"
# That of the large file stands on its page of the hub and, like the others, in several projects that pin
# the same revision.
_SHA256 = {
    "config.json": "4609fb49b7e1d28aecb2840da1926c40bd915bc6f1120a940afacf7159bbfb13",
    "preprocessor_config.json": "a2254a5b58f72cd4de3632f8eee64f3f098b7c1402128d2f419e7d00ae13e335",
    "vocab.json": "d732ab2456c0c017930001dc9af0b41b3b93d25b2eb9740bf9d925508d7d87d0",
    WEIGHTS_NAME: "3173bde9e9ce490fa0f989e413c42f25bc1820c020adc1e6b9b87025b3cfcc5e",
}


class Lps(Metric):
    """1 - edit distance / length of the reference, between phoneme strings recognised at 16 kHz.

    The phonemes come from the best output of wav2vec 2.0 per frame. As in the challenge's script all
    symbols are written together without blanks and compared letter by letter, so a phoneme written with
    two letters, such as a diphthong, counts as two. Far too many phonemes make the value negative.
    Neither eSpeak nor phonemizer is needed: they only turn text into phonemes.
    """

    columns = (Column("LPS", decimals=3),)
    packages = {"transformers": "transformers", "soxr": "soxr"}
    weights = Weights(
        folder="wav2vec2-lv-60-espeak-cv-ft",
        repository=_REPOSITORY,
        revision=_REVISION,
        patterns=tuple(_SHA256),
        files=tuple(
            WeightFile(name, f"https://huggingface.co/{_REPOSITORY}/resolve/{_REVISION}/{name}", sha256)
            for name, sha256 in _SHA256.items()
        ),
        licence="Apache-2.0",
        page=f"https://huggingface.co/{_REPOSITORY}",
        size_mb=1264,
    )
    memory_gib = 2.5
    _network = None

    def score(self, item: Item) -> tuple[float, ...]:
        estimate, reference = (
            self._phonemes(network_input(wave, item.rate_hz)) for wave in (item.estimate, item.reference)
        )
        if not reference:
            raise Unscorable("no phonemes were recognised in the reference")
        return (1 - count_edits(reference, estimate).total / len(reference),)

    def _phonemes(self, wave: np.ndarray) -> str:
        import torch

        if self._network is None:
            self._load()
        # Zero mean and unit variance, as `preprocessor_config.json` asks for.
        values = self._prepare(wave, sampling_rate=RATE_HZ, return_tensors="pt").input_values
        with torch.inference_mode():
            scores = self._network(values.to(self.setup.device)).logits[0]
        return written(scores.argmax(dim=-1).tolist(), self._symbols)

    def _load(self) -> None:
        from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

        from espnet_plugin.scoring.hub_network import load_hub_network

        folder = self.weights_folder()
        self._prepare = Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._symbols = {number: symbol for symbol, number in vocabulary.items()}
        self._network = load_hub_network(Wav2Vec2ForCTC, folder, WEIGHTS_NAME).to(self.setup.device)


def written(numbers: Iterable[int], symbols: Mapping[int, str]) -> str:
    """The phonemes of a connectionist temporal classification, written together.

    Args:
        numbers: the best symbol of each frame; repetitions are one, and blanks only keep symbols apart.
        symbols: what each number stands for.
    """
    heard = (symbols.get(number, UNKNOWN) for number in numbers)
    return "".join(symbol for symbol, _ in itertools.groupby(heard) if symbol != BLANK).replace(" ", "")
