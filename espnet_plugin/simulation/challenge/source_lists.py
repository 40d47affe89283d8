"""The lists that a simulation of the challenge draws from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.settings import ChallengeSettings
from espnet_plugin.simulation.sources import Source, read_words


class SourceList(Mapping[str, Source]):
    """Files by id, in the order of their lists.

    Args:
        places: id -> rate in Hz and path.
    """

    def __init__(self, places: dict[str, tuple[int, str]]):
        self._places = places

    def __getitem__(self, uid: str) -> Source:
        rate_hz, path = self._places[uid]
        return Source(uid, rate_hz, Path(path))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def uids_by_rate(self) -> dict[int, list[str]]:
        """The ids of each rate; rates and ids in the order in which the lists first name them."""
        uids: dict[int, list[str]] = {}
        for uid, (rate_hz, _) in self._places.items():
            uids.setdefault(rate_hz, []).append(uid)
        return uids


@dataclass(frozen=True)
class SourceLists:
    """All lists of one simulation.

    Attributes:
        speech, noises, wind_noises, responses: files by id.
        speaker_of, text_of: by speech id, as far as known.
        fingerprint: changes when a list changes.
    """

    speech: SourceList
    noises: SourceList
    wind_noises: SourceList
    responses: SourceList
    speaker_of: dict[str, str]
    text_of: dict[str, str]
    fingerprint: str


def read_source_lists(settings: ChallengeSettings) -> SourceLists:
    """Read the lists that a configuration names.

    Paths inside a list count from the current folder if its first file is found there, as in the official
    scripts, else from the folder of the list.

    Raises:
        UserError: a list is missing or has other columns, or an id comes twice.
    """
    speech = _read_sources(settings.speech_lists)
    if not speech:
        raise UserError(f"{settings.speech_lists[0]} is empty; there is no speech to degrade")
    return SourceLists(
        speech=speech,
        noises=_read_sources(settings.noise_lists),
        wind_noises=_read_sources(settings.wind_noise_lists),
        responses=_read_sources(settings.response_lists),
        speaker_of=_read_all_words(settings.speaker_lists),
        text_of=_read_all_words(settings.text_lists),
        fingerprint=_fingerprint(settings.all_lists),
    )


def _read_sources(paths: Iterable[Path]) -> SourceList:
    places: dict[str, tuple[int, str]] = {}
    for path in paths:
        root = None
        for number, line in enumerate(_existing(path).read_text(encoding="utf-8").split("\n"), start=1):
            columns = line.split(None, 2)
            if not columns:
                continue
            if len(columns) != 3 or not columns[1].isdecimal() or int(columns[1]) == 0:
                raise UserError(f"{path}, line {number}: expected 'id rate_hz path', found '{line.strip()}'")
            uid, rate_hz, target = columns[0], int(columns[1]), columns[2].rstrip()
            if uid in places:
                raise UserError(f"{path}, line {number}: the id {uid} comes twice; ids must be unique")
            if root is None:
                root = "" if os.path.exists(target) else str(path.parent)
            places[uid] = (rate_hz, os.path.join(root, target))
    return SourceList(places)


def _read_all_words(paths: Iterable[Path]) -> dict[str, str]:
    words: dict[str, str] = {}
    for path in paths:
        words.update(read_words(_existing(path)))
    return words


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"the list {path} does not exist; prepare the corpora first, or correct its name")
    return path


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
