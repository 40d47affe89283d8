"""The table `meta.tsv` of a simulated set, with the columns of the URGENT 2026 challenge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_lines
from espnet_plugin.errors import UserError

COLUMNS = (
    "id", "noisy_path", "clean_path", "speech_uid", "speech_sid", "noise_uid", "snr_dB", "rir_uid",
    "augmentation", "fs", "length", "text",
)  # fmt: skip
#: the same as the challenge's own script orders them; `noise_path` only where the noise is stored
CHALLENGE_COLUMNS = (
    "id", "noisy_path", "speech_uid", "speech_sid", "clean_path", "noise_uid", "noise_path", "snr_dB",
    "rir_uid", "augmentation", "fs", "length", "text",
)  # fmt: skip
COMMENT = "# "
NONE = "none"
NO_TEXT = "<not-available>"
FILES_PER_FOLDER = 5000
#: columns that have another name here
ATTRIBUTES = {"snr_dB": "snr_db", "fs": "rate_hz", "length": "samples"}
BREAKS = str.maketrans("\t\n\r", "   ")


@dataclass(frozen=True)
class Row:
    """One degraded file and how it comes about.

    Attributes:
        id: `fileid_<number>`, numbers from 1.
        noisy_path, clean_path: relative to the folder of the table.
        speech_uid, speech_sid: utterance and speaker.
        noise_uid, rir_uid: of the corpus, or `none`.
        snr_db: None without noise.
        augmentation: see the module `augmentation`.
        rate_hz, samples: of the file (columns fs and length).
        text: transcript or `<not-available>`.
        noise_path: of the scaled noise, relative too; None where it is not stored.
    """

    id: str
    noisy_path: str
    clean_path: str
    speech_uid: str
    speech_sid: str
    noise_uid: str
    snr_db: float | None
    rir_uid: str
    augmentation: str
    rate_hz: int
    samples: int
    text: str
    noise_path: str | None = None


def file_paths(number: int) -> tuple[str, str, str]:
    """Id, noisy and clean path of the file with a running number (from 1)."""
    identifier = f"fileid_{number}"
    inside = f"{number // FILES_PER_FOLDER}/{identifier}.flac"
    return identifier, f"noisy/{inside}", f"clean/{inside}"


def write_meta(
    path: str | Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS, comment: str = ""
) -> None:
    """Write the table, with a header, under a temporary name first.

    Args:
        path: target.
        rows: taken one by one, so the whole table need not fit into the memory.
        columns: `COLUMNS` or some of `CHALLENGE_COLUMNS`.
        comment: a line before the header, beginning with `#`.
    """
    write_lines(path, _lines(rows, columns, comment))


def _lines(rows: Iterable[Row], columns: Sequence[str], comment: str) -> Iterator[str]:
    if comment:
        yield f"{comment}\n"
    yield "\t".join(columns) + "\n"
    values_of = attrgetter(*(ATTRIBUTES.get(column, column) for column in columns))
    for row in rows:
        values = (NONE if value is None else str(value).translate(BREAKS) for value in values_of(row))
        yield "\t".join(values) + "\n"


def read_meta(path: str | Path) -> list[Row]:
    """Read the table, in either order of columns.

    Raises:
        UserError: no such file, other columns, or a value that is no number.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path} cannot be read; make it with: urgent26 simulate draw") from None
    first = 1 if lines[0].startswith(COMMENT) else 0
    columns = lines[first].split("\t") if len(lines) > first else []
    if len(columns) != len(set(columns)) or {*columns, "noise_path"} != set(CHALLENGE_COLUMNS):
        raise UserError(
            f"{path} does not have the columns {' '.join(COLUMNS)}; make it with: urgent26 simulate draw"
        )
    attributes = [ATTRIBUTES.get(column, column) for column in columns]
    return [
        _parse(line, attributes, f"{path}, line {number}")
        for number, line in enumerate(lines[first + 1 :], start=first + 2)
        if line
    ]


def _parse(line: str, attributes: list[str], where: str) -> Row:
    values = line.split("\t")
    if len(values) != len(attributes):
        raise UserError(
            f"{where}: expected {len(attributes)} columns, found {len(values)}; draw the table again"
        )
    parsed: dict[str, Any] = dict(zip(attributes, values))
    try:
        parsed["snr_db"] = None if parsed["snr_db"] == NONE else float(parsed["snr_db"])
        parsed["rate_hz"], parsed["samples"] = int(parsed["rate_hz"]), int(parsed["samples"])
    except ValueError as error:
        raise UserError(f"{where}: {error}; draw the table again") from None
    return Row(**parsed)
