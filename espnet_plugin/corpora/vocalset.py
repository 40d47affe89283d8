"""VocalSet: singers with many techniques, mostly on vowels."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, Corpus, Item, audio_files, inner_folder, without_brackets


def find(folder: Path) -> Iterator[Item]:
    """``FULL/female1/arpeggios/belt/f1_arpeggios_belt_a.wav`` ..., for training only.

    The challenge counts the vowels as English.
    """
    root = inner_folder(folder, "FULL", "VocalSet/FULL", "VocalSet11/FULL")
    for path in audio_files(root):
        singer = without_brackets(path.relative_to(root).parts[0])
        yield Item(without_brackets(path.stem), path, TRAIN, f"vocalset_{singer}", language="eng")


CORPUS = Corpus(
    name="vocalset",
    kind="speech",
    licence="CC BY 4.0",
    size="about 3 GB",
    source="https://zenodo.org/records/1193957",
    layout="FULL/*/*/*/*.wav",
    find=find,
    languages=("eng",),
)
