"""The table `meta.tsv` of a simulated set, with the columns of the URGENT 2026 challenge."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError

COLUMNS = (
    "id", "noisy_path", "clean_path", "speech_uid", "speech_sid", "noise_uid", "snr_dB", "rir_uid",
    "augmentation", "fs", "length", "text",
)  # fmt: skip
NONE = "none"
NO_TEXT = "<not-available>"
FILES_PER_FOLDER = 5000


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


def file_paths(number: int) -> tuple[str, str, str]:
    """Id, noisy and clean path of the file with a running number (from 1)."""
    identifier = f"fileid_{number}"
    inside = f"{number // FILES_PER_FOLDER}/{identifier}.flac"
    return identifier, f"noisy/{inside}", f"clean/{inside}"


def write_meta(path: str | Path, rows: list[Row]) -> None:
    """Write the table, with a header, under a temporary name first."""
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        values = [NONE if value is None else str(value) for value in astuple(row)]
        lines.append("\t".join(" ".join(value.split()) for value in values))
    write_text(path, "\n".join(lines) + "\n")


def read_meta(path: str | Path) -> list[Row]:
    """Read the table.

    Raises:
        UserError: no such file, other columns, or a value that is no number.
    """
    path = Path(path)
    try:
        header, *lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path} cannot be read; make it with: urgent26 simulate draw") from None
    if tuple(header.split("\t")) != COLUMNS:
        raise UserError(
            f"{path} does not have the columns {' '.join(COLUMNS)}; make it with: urgent26 simulate draw"
        )
    return [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, start=2) if line]


def _parse(line: str, where: str) -> Row:
    values = line.split("\t")
    if len(values) != len(COLUMNS):
        raise UserError(
            f"{where}: expected {len(COLUMNS)} columns, found {len(values)}; draw the table again"
        )
    try:
        snr_db = None if values[6] == NONE else float(values[6])
        return Row(*values[:6], snr_db, *values[7:9], int(values[9]), int(values[10]), values[11])
    except ValueError as error:
        raise UserError(f"{where}: {error}; draw the table again") from None
