"""ESD: five emotions, ten speakers of Mandarin and ten of English."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, Corpus, Item, audio_files, inner_folder, without_brackets

LAST_MANDARIN_SPEAKER = 10


def find(folder: Path) -> Iterator[Item]:
    """``Emotion Speech Dataset/0001/Angry/0001_000351.wav`` ..., for training only.

    An older archive has ``train``, ``evaluation`` and ``test`` below the emotions; all are used. Speakers
    0001 to 0010 speak Mandarin, 0011 to 0020 English. ``0001/0001.txt`` holds id, text and emotion, separated
    by tabs.
    """
    root = inner_folder(folder, "Emotion Speech Dataset", "Emotion_Speech_Dataset", "ESD")
    for place in sorted(root.glob("[0-9]" * 4)):
        texts = _transcripts(place / f"{place.name}.txt")
        language = "zho" if int(place.name) <= LAST_MANDARIN_SPEAKER else "eng"
        for path in audio_files(place):
            text = texts.get(path.stem, "")
            yield Item(without_brackets(path.stem), path, TRAIN, f"esd_{place.name}", text, language)


def _transcripts(path: Path) -> dict[str, str]:
    content = path.read_bytes() if path.is_file() else b""
    rows = (line.split("\t") for line in _decoded(content).splitlines())
    return {row[0].strip(): row[1].strip() for row in rows if len(row) >= 2}


def _decoded(content: bytes) -> str:
    """The tables of this corpus come in three encodings."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


CORPUS = Corpus(
    name="esd",
    kind="speech",
    licence="signed licence, non-commercial",
    size="about 3 GB",
    source="https://hltsingapore.github.io/ESD (sign the licence there)",
    layout="Emotion Speech Dataset/0001/*/*.wav",
    find=find,
    languages=("zho", "eng"),
)
