"""Which metrics there are."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Metric, Setup

# name: (module, class), in the order of tables
METRICS = {
    "PESQ": ("espnet_plugin.scoring.pesq", "Pesq"),
    "ESTOI": ("espnet_plugin.scoring.estoi", "Estoi"),
    "SI_SDR": ("espnet_plugin.scoring.si_sdr", "SiSdr"),
    "SDR": ("espnet_plugin.scoring.sdr", "Sdr"),
    "MCD": ("espnet_plugin.scoring.mcd", "Mcd"),
    "LSD": ("espnet_plugin.scoring.lsd", "Lsd"),
    "DNSMOS": ("espnet_plugin.scoring.dnsmos", "Dnsmos"),
    "NISQA": ("espnet_plugin.scoring.nisqa", "Nisqa"),
    "UTMOS": ("espnet_plugin.scoring.utmos", "Utmos"),
    "SCOREQ": ("espnet_plugin.scoring.scoreq", "Scoreq"),
    "SpeechBERTScore": ("espnet_plugin.scoring.speech_bert_score", "SpeechBertScore"),
    "LPS": ("espnet_plugin.scoring.lps", "Lps"),
    "SpkSim": ("espnet_plugin.scoring.speaker_similarity", "SpeakerSimilarity"),
    "EmoSim": ("espnet_plugin.scoring.emotion_similarity", "EmotionSimilarity"),
    "LID": ("espnet_plugin.scoring.language_identification", "LanguageIdentification"),
    "CAcc": ("espnet_plugin.scoring.character_accuracy", "CharacterAccuracy"),
}


def choose(names: Iterable[str] | None = None) -> list[str]:
    """Metric names as the user wrote them -> names of `METRICS`, in the order of tables.

    Args:
        names: upper or lower case, `si-sdr` or `SI_SDR`; None for all.

    Raises:
        UserError: an unknown name, or none at all.
    """
    if names is None:
        return list(METRICS)
    plain = {_plain(name): name for name in METRICS}
    chosen = set()
    for name in names:
        if _plain(name) not in plain:
            raise UserError(f"there is no metric '{name}'; choose from {', '.join(METRICS)}")
        chosen.add(plain[_plain(name)])
    if not chosen:
        raise UserError(f"no metric was named; choose from {', '.join(METRICS)}")
    return [name for name in METRICS if name in chosen]


def make(name: str, setup: Setup | None = None) -> Metric:
    """The metric of that name of `METRICS`.

    Args:
        name: key of `METRICS`.
        setup: where its weights lie and which device computes; None for the defaults.
    """
    module, class_name = METRICS[name]
    return getattr(importlib.import_module(module), class_name)(setup)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").strip()
