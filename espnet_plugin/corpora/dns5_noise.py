"""Noises of the fifth DNS challenge, out of AudioSet and Freesound."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import Corpus, Item, audio_files, inner_folder, without_blanks
from espnet_plugin.corpora.splits import first_eighth_per_rate


def find(folder: Path) -> Iterator[Item]:
    """``datasets_fullband/noise_fullband/**/*.wav``, however the archives were laid out there."""
    root = inner_folder(folder, "datasets_fullband/noise_fullband", "noise_fullband")
    for path in audio_files(root):
        yield Item(without_blanks(path.stem), path)


CORPUS = Corpus(
    name="dns5_noise",
    kind="noise",
    licence="CC BY 4.0",
    size="93 GB",
    source="https://dnschallengepublic.blob.core.windows.net/dns5archive/V5_training_dataset "
    "(noise_fullband/*.tar.bz2)",
    layout="noise_fullband/**/*.wav",
    find=find,
    bandwidths="dns5_noise/*.json.gz",
    split=first_eighth_per_rate,
)
