"""FMA medium: music of many genres as noise."""

import csv
from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, inner_folder, table
from espnet_plugin.errors import UserError

SPLIT_OF_COLUMN = {"training": TRAIN, "validation": VALIDATION}
SUBSETS = ("small", "medium")


def find(folder: Path) -> Iterator[Item]:
    """``fma_medium/000/000002.mp3`` and ``fma_metadata/tracks.csv``.

    The table has two lines of column names, of which (set, split) and (set, subset) matter, and a third one
    with the name of the first column. Its part for tests is not used.
    """
    splits = _splits(folder / "fma_metadata" / "tracks.csv")
    for path in audio_files(inner_folder(folder, "fma_medium"), ".mp3"):
        split = splits.get(path.stem)
        if split is not None:
            yield Item(f"fma_{path.stem}", path, split)


def _splits(path: Path) -> dict[str, str]:
    csv.field_size_limit(2**24)  # biographies and descriptions of albums
    rows = csv.reader(table(path, "fma").splitlines(keepends=True))
    names = list(zip(next(rows, []), next(rows, []), strict=False))
    try:
        split, subset = names.index(("set", "split")), names.index(("set", "subset"))
    except ValueError:
        raise UserError(f"fma: {path} has no columns set/split and set/subset; extract it again") from None
    return {
        row[0].zfill(6): SPLIT_OF_COLUMN[row[split]]
        for row in rows
        if len(row) > max(split, subset) and row[subset] in SUBSETS and row[split] in SPLIT_OF_COLUMN
    }


CORPUS = Corpus(
    name="fma",
    kind="noise",
    licence="CC, per track",
    size="60 GB",
    source="https://os.unil.cloud.switch.ch/fma (fma_medium.zip, fma_metadata.zip)",
    layout="fma_medium/*/*.mp3",
    find=find,
    bandwidths="fma/*.json.gz",
)
