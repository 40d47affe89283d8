"""Corpus and language of an utterance: from lists beside the speech lists, else from how its id looks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from espnet_plugin.simulation.draw import SETTINGS_FILE
from espnet_plugin.simulation.sources import read_words

CORPUS_LIST, LANGUAGE_LIST = "utt2corpus", "utt2lang"
OTHER = "other"
UNKNOWN_LANGUAGE = "und"  # ISO 639-3: undetermined

LANGUAGES = {
    "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "zh-CN": "zho",
    "german": "deu", "english": "eng", "spanish": "spa", "french": "fra",
}  # fmt: skip
#: pattern of an id, its corpus, and the language where the pattern does not find one
PATTERNS = (
    (re.compile(r"common_voice_(?P<language>[a-z]+(-[A-Z]+)?)_"), "common_voice", UNKNOWN_LANGUAGE),
    (re.compile(r"mls_(?P<language>[a-z]+)_"), "mls", UNKNOWN_LANGUAGE),
    (re.compile(r"book_\d+_"), "dns5_speech", "eng"),
    (re.compile(r"p\d{3}_\d{3}(_|$)"), "vctk", "eng"),
    (re.compile(r"p\d{3}_[a-z]"), "ears", "eng"),
    (re.compile(r"\d+_\d+_\d{6}_\d{6}"), "libritts", "eng"),
)


class Origins:
    """Where utterances come from.

    Args:
        corpus_of, language_of: by utterance id, as far as known.
    """

    def __init__(self, corpus_of: Mapping[str, str] = {}, language_of: Mapping[str, str] = {}):
        self._corpus_of = corpus_of
        self._language_of = language_of

    def __call__(self, uid: str) -> tuple[str, str]:
        """Corpus and language (ISO 639-3) of an utterance."""
        corpus, language = _from_id(uid)
        return self._corpus_of.get(uid) or corpus, self._language_of.get(uid) or language


def read_origins(set_dir: Path) -> Origins:
    """Read `utt2corpus` and `utt2lang`, where they lie beside the speech lists that a set was drawn from.

    Args:
        set_dir: holds `settings.json`.
    """
    corpus_of: dict[str, str] = {}
    language_of: dict[str, str] = {}
    for folder in _list_folders(set_dir / SETTINGS_FILE):
        corpus_of |= read_words(folder / CORPUS_LIST)
        language_of |= read_words(folder / LANGUAGE_LIST)
    return Origins(corpus_of, language_of)


def _list_folders(settings: Path) -> Iterator[Path]:
    try:
        record = json.loads(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if "corpus" in record:
        yield Path(record["corpus"])
    yield from map(Path, record.get("folders", ()))


def _from_id(uid: str) -> tuple[str, str]:
    for pattern, corpus, language in PATTERNS:
        if match := pattern.match(uid):
            found = match.groupdict().get("language")
            return corpus, LANGUAGES.get(found, language)
    return OTHER, UNKNOWN_LANGUAGE
