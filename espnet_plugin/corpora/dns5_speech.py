"""The LibriVox part of the fifth DNS challenge: audiobooks in English."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import Corpus, Item, audio_files, inner_folder, without_blanks
from espnet_plugin.corpora.filters import BACKGROUND, SPEECH
from espnet_plugin.corpora.splits import first_speakers

VALIDATION_SPEAKERS = 90
PLACES = (
    "Track1_Headset/mnt/dnsv5/clean/read_speech",
    "mnt/dnsv5/clean/read_speech",
    "clean/read_speech",
    "read_speech",
)


def find(folder: Path) -> Iterator[Item]:
    """Files such as ``book_00000_chp_0009_reader_06709_0_seg_2_seg1.wav``, all in one folder.

    The reader's number follows the word ``reader``; the archives extract to the first of ``PLACES``.
    """
    for path in audio_files(inner_folder(folder, *PLACES)):
        _, _, after = path.stem.partition("_reader_")
        reader = after.split("_")[0]
        speaker = f"dns5_reader_{reader}" if reader else ""
        yield Item(without_blanks(path.stem), path, speaker=speaker, language="eng")


CORPUS = Corpus(
    name="dns5_speech",
    kind="speech",
    licence="CC BY 4.0",
    size="225 GB",
    source="https://dnschallengepublic.blob.core.windows.net/dns5archive/V5_training_dataset "
    "(Track1_Headset/read_speech.tgz.part*)",
    layout="read_speech/*.wav",
    find=find,
    languages=("eng",),
    bandwidths="dns5_librivox_speech/*.json.gz",
    checks=(SPEECH, BACKGROUND),
    split=lambda sources: first_speakers(sources, VALIDATION_SPEAKERS),
)
