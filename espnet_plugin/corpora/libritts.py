"""LibriTTS: audiobooks in English with transcripts."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, inner_folder

SPLIT_OF_SUBSET = {"train-clean-100": TRAIN, "train-clean-360": TRAIN, "dev-clean": VALIDATION}


def find(folder: Path) -> Iterator[Item]:
    """``LibriTTS/SUBSET/SPEAKER/CHAPTER/SPEAKER_CHAPTER_PARAGRAPH_SENTENCE.wav``, text beside it.

    The normalised transcript is the file of the same name with ``.normalized.txt``; other subsets are left
    alone.
    """
    root = inner_folder(folder, "LibriTTS")
    for subset, split in SPLIT_OF_SUBSET.items():
        for path in audio_files(root / subset):
            text = path.with_suffix(".normalized.txt")
            words = text.read_text(encoding="utf-8").strip() if text.is_file() else ""
            yield Item(path.stem, path, split, f"libritts_{path.stem.split('_')[0]}", words, "eng")


CORPUS = Corpus(
    name="libritts",
    kind="speech",
    licence="CC BY 4.0",
    size="51 GB",
    source="https://www.openslr.org/60 (train-clean-100, train-clean-360, dev-clean)",
    layout="LibriTTS/{train-clean-100,train-clean-360,dev-clean}/*/*/*.wav",
    find=find,
    languages=("eng",),
    bandwidths="libritts/*.json.gz",
)
