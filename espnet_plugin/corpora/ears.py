"""EARS: 107 speakers in an anechoic chamber, many styles and emotions, in English."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, table

VALIDATION_SPEAKERS = ("p100", "p101")
LAST_SPEAKER = 101  # the corpus's own test speakers follow
NO_SPEECH = re.compile("interjection|melodic|nonverbal|vegetative")


def find(folder: Path) -> Iterator[Item]:
    """``p001/emo_adoration_freeform.wav`` ...; ``transcripts.json`` at the top or in a folder of the scripts.

    The transcripts are the same for all speakers and keyed by the file's stem; free speech has none.
    """
    places = [folder / "transcripts.json", *sorted(folder.glob("*/transcripts.json"))]
    found = next((place for place in places if place.is_file()), None)
    texts = json.loads(table(found, "ears")) if found else {}
    for number in range(1, LAST_SPEAKER + 1):
        speaker = f"p{number:03d}"
        split = VALIDATION if speaker in VALIDATION_SPEAKERS else TRAIN
        for path in audio_files(folder / speaker):
            if NO_SPEECH.search(path.stem):
                continue
            text = " ".join(texts.get(path.stem, "").split())
            yield Item(f"{speaker}_{path.stem}", path, split, f"ears_{speaker}", text, "eng")


CORPUS = Corpus(
    name="ears",
    kind="speech",
    licence="CC BY-NC 4.0",
    size="61 GB",
    source="https://github.com/facebookresearch/ears_dataset (p001.zip to p101.zip, transcripts.json)",
    layout="p001/*.wav",
    find=find,
    languages=("eng",),
    by_bandwidth=False,
)
