"""Simulated room impulse responses of the fifth DNS challenge."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import Corpus, Item, audio_files, inner_folder, without_blanks

NOT_SIMULATED = ("real_rirs", "pointsource_noises")


def find(folder: Path) -> Iterator[Item]:
    """``impulse_responses/**/simulated_rirs*/ROOM/Room001/Room001-00001.wav``, ids ``ROOM-Room001-00001``.

    Real responses that lie beside the simulated ones are left out. There is no split: the challenge uses the
    same responses for all sets.
    """
    root = inner_folder(folder, "datasets_fullband/impulse_responses", "impulse_responses")
    for path in audio_files(root):
        if not any(part.startswith(NOT_SIMULATED) for part in path.relative_to(root).parts):
            yield Item(without_blanks(f"{path.parent.parent.name}-{path.stem}"), path)


CORPUS = Corpus(
    name="dns5_rirs",
    kind="rir",
    licence="CC BY 4.0",
    size="6 GB",
    source="https://dnschallengepublic.blob.core.windows.net/dns5archive/V5_training_dataset "
    "(datasets_fullband.impulse_responses_000.tar.bz2)",
    layout="impulse_responses/**/*.wav",
    find=find,
    by_bandwidth=False,
)
