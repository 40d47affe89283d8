"""FSD50K, development part: sounds of Freesound without those of the human voice."""

import json
from collections.abc import Iterator
from csv import DictReader
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, table

#: Human voice, respiratory sounds, human group actions: classes below these in AudioSet's ontology go.
HUMAN = ("/m/09l8g", "/m/09hlz4", "/t/dd00012")
SPLIT_OF_COLUMN = {"train": TRAIN, "val": VALIDATION}


def find(folder: Path) -> Iterator[Item]:
    """``FSD50K.dev_audio/*.wav``, ``FSD50K.ground_truth/dev.csv``, AudioSet's ``ontology/ontology.json``.

    The columns of the table are fname, labels, mids and split. As in the challenge's scripts a sound goes
    where one of its classes lies below those of ``HUMAN``, not where it is one of them itself.
    """
    ontology = json.loads(table(folder / "ontology" / "ontology.json", "fsd50k"))
    children = {entry["id"]: entry["child_ids"] for entry in ontology}
    human = _below(HUMAN, children)
    rows = {row["fname"]: row for row in DictReader(table(_ground_truth(folder), "fsd50k").splitlines())}
    for path in audio_files(folder / "FSD50K.dev_audio"):
        row = rows.get(path.stem)
        if row is not None and human.isdisjoint(row["mids"].split(",")) and row["split"] in SPLIT_OF_COLUMN:
            yield Item(f"fsd50k_{path.stem}", path, SPLIT_OF_COLUMN[row["split"]])


def _ground_truth(folder: Path) -> Path:
    return folder / "FSD50K.ground_truth" / "dev.csv"


def _below(roots: tuple[str, ...], children: dict[str, list[str]]) -> set[str]:
    below: set[str] = set()
    waiting = [child for root in roots for child in children.get(root, [])]
    while waiting:
        name = waiting.pop()
        if name not in below:
            below.add(name)
            waiting.extend(children.get(name, []))
    return below


CORPUS = Corpus(
    name="fsd50k",
    kind="noise",
    licence="CC0, CC BY, CC BY-NC, Sampling+",
    size="30 GB",
    source="https://zenodo.org/records/4060432 (dev_audio, ground_truth) and "
    "https://github.com/audioset/ontology",
    layout="FSD50K.dev_audio/*.wav",
    find=find,
    bandwidths="fsd50k/*.json.gz",
)
