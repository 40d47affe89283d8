"""NNCES: children who speak English as a foreign language."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, Corpus, Item, audio_files, without_brackets


def find(folder: Path) -> Iterator[Item]:
    """All WAV files of ``Read_Speech_Data`` and ``Spontaneous_Speech_Data``, for training only.

    The files need not be renamed: blanks and brackets become ``_`` in the id. Speakers are not told apart.
    """
    for part in ("Read_Speech_Data", "Spontaneous_Speech_Data"):
        for path in audio_files(folder / part):
            yield Item(without_brackets(path.stem), path, TRAIN, language="eng")


CORPUS = Corpus(
    name="nnces",
    kind="speech",
    licence="CC0",
    size="about 7 GB",
    source="https://www.kaggle.com/datasets/kodaliradha20phd7093/"
    "nonnative-children-english-speech-nnces-corpus",
    layout="{Read_Speech_Data,Spontaneous_Speech_Data}/**/*.wav",
    find=find,
    languages=("eng",),
)
