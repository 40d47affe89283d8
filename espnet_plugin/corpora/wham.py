"""WHAM! noise at 48 kHz, unsegmented: bars, cafes, restaurants and parks."""

from collections.abc import Iterator
from csv import DictReader
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, inner_folder, table

SPLIT_OF_COLUMN = {"Train": TRAIN, "Valid": VALIDATION}


def find(folder: Path) -> Iterator[Item]:
    """``high_res_wham/audio/*.wav`` (binaural) and ``high_res_wham/high_res_metadata.csv``.

    The table's columns ``Filename`` and ``WHAM! Split`` (Train, Valid or Test) tell the split; what is for
    tests, or not in the table, is not used.
    """
    root = inner_folder(folder, "high_res_wham")
    lines = table(root / "high_res_metadata.csv", "wham").splitlines()
    splits = {Path(row["Filename"]).stem: row["WHAM! Split"] for row in DictReader(lines)}
    for path in audio_files(root / "audio"):
        split = SPLIT_OF_COLUMN.get(splits.get(path.stem, ""))
        if split is not None:
            yield Item(path.stem, path, split)


CORPUS = Corpus(
    name="wham",
    kind="noise",
    licence="CC BY-NC 4.0",
    size="76 GB",
    source="https://my-bucket-a8b4b49c25c811ee9a7e8bba05fa24c7.s3.amazonaws.com/high_res_wham.zip",
    layout="high_res_wham/audio/*.wav",
    find=find,
    by_bandwidth=False,
)
