"""A test set as it is heard: the noisy recordings, what systems made of them, and the clean ones."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.report.score_folder import read_scores
from espnet_plugin.scoring.breakdown import Groups
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.run import read_files
from espnet_plugin.scoring.scores import Scores

NOISY, CLEAN = "noisy", "clean"


@dataclass(frozen=True)
class Track:
    """One version of the recordings.

    Attributes:
        name: `noisy`, `clean` or that of a system.
        files: id -> recording; need not hold every id.
        scores: None where nothing was scored.
    """

    name: str
    files: Mapping[str, Path]
    scores: Scores | None = None

    def value(self, column: str, identifier: str) -> float:
        """The score of one file; NaN where there is none."""
        values = self.scores.values.get(column, {}) if self.scores else {}
        return values.get(identifier, math.nan)


@dataclass(frozen=True)
class ListeningSet:
    """The tracks of one test set.

    Attributes:
        name: of the set.
        noisy: what went into the systems.
        systems: at least one.
        clean: references; None for real recordings.
        groups: heading -> group -> ids, such as those of a language.
    """

    name: str
    noisy: Track
    systems: tuple[Track, ...]
    clean: Track | None = None
    groups: Mapping[str, Groups] = field(default_factory=dict)

    def __post_init__(self):
        names = [track.name for track in self.tracks]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"two tracks are called '{name}'; give each system a name of its own")

    @property
    def tracks(self) -> list[Track]:
        """noisy, systems, clean."""
        return [self.noisy, *self.systems, *([self.clean] if self.clean else [])]

    @property
    def identifiers(self) -> list[str]:
        """Those of the noisy and the enhanced files, numbers in their names in order of size."""
        return sorted(set(self.noisy.files).union(*(track.files for track in self.systems)), key=_natural)

    @property
    def columns(self) -> list[Column]:
        """The columns of tables that any track has, in the order of the first that has them."""
        found: dict[str, Column] = {}
        for track in self.tracks:
            for column in track.scores.columns if track.scores else ():
                found.setdefault(column.name, column)
        return [column for column in found.values() if column.shown]

    def gain(self, system: Track, column: Column, identifier: str) -> float:
        """How much better than the noisy file; better is positive whatever the column's direction."""
        gain = system.value(column.name, identifier) - self.noisy.value(column.name, identifier)
        return gain if column.better == "higher" else -gain

    def remarks(self) -> list[str]:
        """What is missing, each in one line."""
        lines = []
        wanted = set(self.identifiers)
        for track in self.tracks:
            missing = sorted(wanted - set(track.files), key=_natural)
            if missing:
                named = missing[0] + (", ..." if len(missing) > 1 else "")
                lines.append(f"{track.name} lacks {len(missing)} of {len(wanted)} recordings: {named}")
            if track.scores and track.scores.errors:
                lines.append(f"{track.name}: recordings that could not be scored: {len(track.scores.errors)}")
        return lines


def parse_system(argument: str) -> Track:
    """Read `NAME=AUDIO[,SCORES]`.

    Args:
        argument: AUDIO is a list (id path) or a folder, SCORES a folder of `urgent26 score`. A path with a
            comma in it is understood where it exists.

    Raises:
        UserError: another form, or one of the two does not exist.
    """
    name, separator, places = argument.partition("=")
    name = name.strip()
    if not separator or not name or not places:
        raise UserError(f"--system {argument}: the form is NAME=AUDIO or NAME=AUDIO,SCORES")
    if name in (NOISY, CLEAN):
        raise UserError(
            f"--system {argument}: '{name}' names the recordings beside the systems; choose another"
        )
    commas = [match.start() for match in re.finditer(",", places)]
    splits = [(places, None), *((places[:at], places[at + 1 :]) for at in commas)]
    for audio, scores in splits:
        if Path(audio).exists() and (scores is None or Path(scores).is_dir()):
            return Track(name, read_files(audio), read_scores(scores) if scores else None)
    audio, _, scores = places.partition(",")
    missing = scores if Path(audio).exists() else audio
    raise UserError(f"--system {name}: {missing} does not exist; correct the path")


def _natural(identifier: str) -> list:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", identifier)]
