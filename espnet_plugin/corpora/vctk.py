"""VCTK 0.92: sentences read in English by speakers with various accents, two microphones."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, inner_folder

VALIDATION_SPEAKERS = ("p226", "p287", "p315")

# p232 and p257 are the test speakers of VoiceBank-DEMAND; the challenge's lists hold neither them nor s5.
LEFT_OUT_SPEAKERS = ("p232", "p257", "s5")


def find(folder: Path) -> Iterator[Item]:
    """``wav48_silence_trimmed/p226/p226_002_mic1.flac`` with ``txt/p226/p226_002.txt``.

    The archive extracts to the working folder; users put it into ``VCTK-Corpus`` or ``VCTK-Corpus-0.92``.
    Both microphones are used. Some texts are missing (all of p315).
    """
    root = inner_folder(folder, "VCTK-Corpus", "VCTK-Corpus-0.92")
    for path in audio_files(root / "wav48_silence_trimmed", ".flac"):
        speaker = path.stem.split("_")[0]
        if speaker in LEFT_OUT_SPEAKERS:
            continue
        text = root / "txt" / speaker / f"{path.stem.rpartition('_')[0]}.txt"
        words = text.read_text(encoding="utf-8").strip() if text.is_file() else ""
        split = VALIDATION if speaker in VALIDATION_SPEAKERS else TRAIN
        yield Item(path.stem, path, split, f"vctk_{speaker}", words, "eng")


CORPUS = Corpus(
    name="vctk",
    kind="speech",
    licence="ODC-BY",
    size="12 GB",
    source="https://datashare.ed.ac.uk/download/DS_10283_3443.zip",
    layout="VCTK-Corpus/wav48_silence_trimmed/*/*.flac",
    find=find,
    languages=("eng",),
    by_bandwidth=False,
)
