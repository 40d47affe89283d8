"""What is known of one corpus of the challenge, and of one of its files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from espnet_plugin.errors import UserError

TRAIN, VALIDATION = "train", "validation"


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a corpus as it was downloaded.

    Attributes:
        uid: its id in lists, as the challenge's own id lists spell it.
        path: the audio file.
        split: ``train`` or ``validation``; None where the corpus decides that by ``Corpus.split``.
        speaker: with the corpus's prefix; empty where unknown.
        text: transcript; empty where unknown.
        language: ISO 639-3; empty for noise and rooms.
    """

    uid: str
    path: Path
    split: str | None = None
    speaker: str = ""
    text: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One file that is ready for lists.

    Attributes:
        item: where it comes from.
        corpus: name of the corpus.
        path: the file to use, which is the item's own or a resampled one.
        rate_hz, samples: of that file.
    """

    item: Item
    corpus: str
    path: Path
    rate_hz: int
    samples: int

    @property
    def uid(self) -> str:
        return self.item.uid


@dataclass(frozen=True)
class Corpus:
    """One corpus of section A.2 and B.6 of the challenge's specification.

    Attributes:
        name: as in ``db.sh``, in small letters.
        kind: ``speech``, ``noise`` or ``rir``.
        licence: short name.
        size: of the download, in words.
        source: where to get it.
        layout: what the user's folder should hold; shown where nothing is found.
        find: gives the items of the user's folder, sorted.
        languages: ISO 639-3 of speech.
        by_bandwidth: the files are brought to the rate that their content needs.
        bandwidths: pattern of the bandwidth files that the challenge's 2025 scripts bring for this corpus.
        bandwidths_select: only what those files list is used (track 1 of 2025).
        checks: quality checks, see ``filters``.
        split: decides what ``Item.split`` leaves open, from all usable files.
    """

    name: str
    kind: str
    licence: str
    size: str
    source: str
    layout: str
    find: Callable[[Path], Iterator[Item]]
    languages: tuple[str, ...] = ()
    by_bandwidth: bool = True
    bandwidths: str = ""
    bandwidths_select: bool = False
    checks: tuple[str, ...] = ()
    split: Callable[[Sequence[Source]], Mapping[str, str]] | None = None

    @property
    def variable(self) -> str:
        """Its name in ``db.sh``."""
        return self.name.upper()

    def items(self, folder: Path) -> Iterator[Item]:
        """The files of the user's extracted download; where two share an id, one gets its folder's name, too.

        Raises:
            UserError: no such folder, nothing of the corpus in it, or a table that is missing or damaged.
        """
        if not folder.is_dir():
            raise UserError(f"{self.variable}: the folder {folder} does not exist; correct db.sh")
        taken: set[str] = set()
        for item in self.find(folder):
            uid = item.uid
            if uid in taken:
                uid = f"{without_blanks(item.path.parent.name)}_{uid}"
            if uid in taken:
                raise UserError(f"{self.name}: {item.path} and another file share the id {uid}; rename one")
            taken.add(uid)
            yield item if uid == item.uid else replace(item, uid=uid)
        if not taken:
            raise UserError(f"{self.variable}: {folder} holds no {self.layout}; name the extracted download")


def inner_folder(folder: Path, *places: str) -> Path:
    """The first of some places below a folder that exists; the folder itself where none does."""
    return next((folder / place for place in places if (folder / place).is_dir()), folder)


def audio_files(folder: Path, *suffixes: str) -> Iterator[Path]:
    """All audio files below a folder, folder by folder in the order of names; hidden ones are passed over.

    Args:
        suffixes: with their dot, in small letters; default: ``.wav``.
    """
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(suffixes or (".wav",)) and not name.startswith("."):
                yield Path(place, name)


def without_blanks(stem: str) -> str:
    """A file's stem as id: blanks become ``_``."""
    return re.sub(r"\s", "_", stem)


def without_brackets(stem: str) -> str:
    """The same, and brackets likewise, as the challenge's scripts rename the corpora that are new in 2026."""
    return re.sub(r"[\s()]", "_", stem)


def table(path: Path, what: str) -> str:
    """The text of a table that belongs to a corpus.

    Raises:
        UserError: it is missing or no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{what}: {path} is missing or cannot be read; extract the whole download") from None
