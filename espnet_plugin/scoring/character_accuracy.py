"""CAcc and WER: how much of the transcript OWSM v3.1 (Peng et al. 2024) recognises."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from espnet_plugin.scoring.edit_distance import count_edits
from espnet_plugin.scoring.metric import Column, Item, Metric, Setup, Unscorable
from espnet_plugin.scoring.network_input import network_input
from espnet_plugin.scoring.weights import Weights

NO_TRANSCRIPT = "<not-available>"  # what the challenge's lists say where there is none


@functools.cache
def _normaliser():
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer

    return BasicTextNormalizer()


def normalise(text: str) -> str:
    """Whisper's basic normaliser: small letters, no symbols, nothing in brackets, single blanks.

    Of the times before each line of a long recognised text it removes the first only, as it takes the `>` of
    the arrow between them for the closing bracket; the digits of the second count as insertions. So they do
    in the challenge's script.

    >>> normalise("Well, [laughs] it's (almost) DONE.")
    "well it s done "
    """
    return _normaliser()(text)


def error_rate(reference: Sequence[str], estimate: Sequence[str]) -> float:
    """(substitutions + deletions + insertions) / length of the reference.

    Args:
        reference: characters or words, at least one.
        estimate: the same kind, any number.
    """
    return count_edits(reference, estimate).total / len(reference)


class CharacterAccuracy(Metric):
    """100 % less the character error rate, and the word error rate, of the recognised text at 16 kHz.

    Both texts are normalised; blanks count as characters. Weighted by the lengths of the transcripts, the
    mean over a set is the challenge's: errors summed over the set by lengths summed over the set. A file can
    have less than 0 %.
    """

    columns = (
        Column("CAcc", unit="%", weight="CAcc_characters"),
        Column("WER", better="lower", unit="%", weight="WER_words"),
        Column("CAcc_characters", decimals=0, title="characters of the transcript", shown=False),
        Column("WER_words", decimals=0, title="words of the transcript", shown=False),
    )
    needs_reference = False
    labels = ("text", "language")
    packages = {
        "espnet": "espnet2",
        "sentencepiece": "sentencepiece",
        "transformers": "transformers",
        "soxr": "soxr",
    }
    weights = Weights(
        "owsm_v3.1",
        repository="espnet/owsm_v3.1_ebf",
        patterns=("meta.yaml", "**/config.yaml", "**/*.pth", "**/feats_stats.npz", "**/bpe.model"),
        licence="CC BY 4.0",
        page="https://huggingface.co/espnet/owsm_v3.1_ebf",
        size_mb=4090,
    )
    memory_gib = 6.0

    def __init__(self, setup: Setup | None = None):
        super().__init__(setup)
        self._recognise = None

    def score(self, item: Item) -> tuple[float, ...]:
        if item.text.strip() == NO_TRANSCRIPT:
            raise Unscorable("there is no transcript")
        wave = network_input(item.estimate, item.rate_hz)
        reference = normalise(item.text)
        words = reference.split()
        if not words:
            raise Unscorable("the transcript has no words")
        if self._recognise is None:
            from espnet_plugin.espnet_modules.recognition import SpeechRecogniser

            self._recognise = SpeechRecogniser(self.weights_folder(), self.setup.device)
        language = item.language.strip("<>")
        if not self._recognise.knows(language):
            raise Unscorable(f"OWSM does not know the language '{language}'")
        estimate = normalise(self._recognise(wave, language))
        return (
            100 * (1 - error_rate(reference, estimate)),
            100 * error_rate(words, estimate.split()),
            float(len(reference)),
            float(len(words)),
        )
