"""The page: one HTML file that holds everything and asks nothing of a network."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_lines
from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.report.clip import FORMATS, Clip, make_clip
from espnet_plugin.report.listening_set import ListeningSet
from espnet_plugin.report.score_table import score_rows
from espnet_plugin.report.selection import choose_utterances
from espnet_plugin.scoring.metric import Column

TEMPLATES = Path(__file__).parent / "templates"
#: In the order in which they are joined to one script.
SCRIPTS = (
    *("elements.js", "player.js", "transport.js", "panel.js", "listen.js", "utterances.js"),
    *("blind.js", "blind_result.js", "page.js"),
)
AUDIO_TYPES = {"flac": "audio/flac", "ogg": "audio/ogg"}


@dataclass(frozen=True)
class Listening:
    """Which utterances can be heard, and how.

    Attributes:
        count: utterances of each set, chosen by their scores; None for all.
        identifiers: exactly these instead of a choice.
        audio_format: "flac" or "ogg".
        max_mb: limit of the size of audio and pictures in the page, in MB.
        seed: of the order in blind tests.
    """

    count: int | None = 12
    identifiers: tuple[str, ...] = ()
    audio_format: str = "flac"
    max_mb: float = 60.0
    seed: int = 0

    def __post_init__(self):
        if self.audio_format not in FORMATS:
            raise UserError(
                f"audio cannot be stored as {self.audio_format}; choose from {', '.join(FORMATS)}"
            )
        if self.count is not None and self.count < 0:
            raise UserError(f"the number of utterances to hear must not be negative, got {self.count}")


@dataclass(frozen=True)
class Page:
    """What was written: sets, their utterances, those with audio, and the size of the file."""

    path: Path
    utterances: int
    clips: int
    size_bytes: int


def write_page(
    path: str | Path, sets: Sequence[ListeningSet], title: str, listening: Listening = Listening()
) -> Page:
    """Write the report.

    Args:
        path: the HTML file; an existing one is replaced.
        sets: at least one test set.
        title: heading of the page.
        listening: which utterances can be heard.

    Raises:
        UserError: audio that cannot be read, or more of it than the page may hold.
    """
    path = Path(path)
    template = _template()
    clips = _make_clips(sets, listening)
    blobs: list[str] = []
    content = {
        "title": title,
        "seed": listening.seed,
        "type": AUDIO_TYPES[listening.audio_format],
        "sets": [_set_content(one, clips[position], blobs) for position, one in enumerate(sets)],
    }
    content["key"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
    script = _script()
    pieces = template.generate(
        title=title,
        sets=[
            {
                "name": one.name,
                "tracks": [track.name for track in one.tracks],
                "rows": score_rows(one),
                "remarks": one.remarks(),
                "utterances": len(one.identifiers),
                "clips": len(clips[position]),
            }
            for position, one in enumerate(sets)
        ],
        content=content,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
        blobs=blobs,
    )
    write_lines(path, pieces)
    utterances = sum(len(one.identifiers) for one in sets)
    return Page(path, utterances, sum(map(len, clips)), path.stat().st_size)


def _template():
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise missing_module("jinja2", "the report") from error
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "allow_nan": False,
        "ensure_ascii": False,
        "separators": (",", ":"),
    }
    return environment.get_template("page.html")


def _script() -> str:
    """All scripts as one, exactly as it stands between the tags, for its hash in the security policy."""
    parts = [(TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '\n(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _make_clips(
    sets: Sequence[ListeningSet], listening: Listening
) -> list[dict[str, tuple[Clip, list[str]]]]:
    """For each set id -> clip and why it was chosen, in the order of the set."""
    from tqdm import tqdm

    chosen = [_choose(one, listening) for one in sets]
    total = sum(map(len, chosen))
    if listening.identifiers and not total:
        raise UserError(
            f"no utterance is called {listening.identifiers[0]}; --listen needs ids of the recordings"
        )
    clips: list[dict[str, tuple[Clip, list[str]]]] = []
    size, made = 0, 0
    with tqdm(desc="audio", total=total, unit="utterance", mininterval=0.5, disable=total == 0) as bar:
        for one, reasons in zip(sets, chosen):
            clips.append({})
            for identifier in filter(reasons.__contains__, one.identifiers):
                files = {track.name: track.files[identifier] for track in _present(one, identifier)}
                clip = make_clip(files, listening.audio_format)
                size += clip.size_bytes
                if size > listening.max_mb * 1e6:
                    raise UserError(
                        _too_large(listening, total // len(sets), size / (made + 1) * total / 1e6)
                    )
                clips[-1][identifier] = (clip, reasons[identifier])
                made += 1
                bar.update()
    return clips


def _choose(one: ListeningSet, listening: Listening) -> dict[str, list[str]]:
    candidates = [identifier for identifier in one.identifiers if _present(one, identifier)]
    if listening.identifiers:
        wanted = set(listening.identifiers)
        return {identifier: [] for identifier in candidates if identifier in wanted}
    return choose_utterances(one, candidates, len(candidates) if listening.count is None else listening.count)


def _present(one: ListeningSet, identifier: str):
    """The tracks whose file of this id is there."""
    return [
        track for track in one.tracks if identifier in track.files and Path(track.files[identifier]).is_file()
    ]


def _too_large(listening: Listening, wanted: int, needed_mb: float) -> str:
    fitting = int(0.9 * wanted * listening.max_mb / needed_mb)  # others than those read so far may be longer
    remedies = [f"hear fewer (--listen {fitting})"] if fitting else []
    if listening.audio_format == "flac":
        remedies.append("compress more (--audio_format ogg)")
    remedies.append(f"allow it (--max_mb {math.ceil(1.2 * needed_mb)})")
    return (
        f"the audio takes more than {listening.max_mb:g} MB, about {needed_mb:.0f}; {' or '.join(remedies)}"
    )


def _set_content(
    one: ListeningSet, clips: dict[str, tuple[Clip, list[str]]], blobs: list[str]
) -> dict[str, Any]:
    """What the script knows of a set; recordings and images go to the blobs and are named by their place."""
    identifiers = one.identifiers
    row_of = {identifier: row for row, identifier in enumerate(identifiers)}
    weights = {column.weight for column in one.columns if column.weight}
    columns = [*one.columns, *(Column(name, shown=False) for name in sorted(weights))]
    columns = list({column.name: column for column in columns}.values())
    return {
        "name": one.name,
        "tracks": [
            {"name": track.name, "scored": track.scores is not None, "system": track in one.systems}
            for track in one.tracks
        ],
        "columns": [
            {
                "name": column.name,
                "heading": column.heading,
                "unit": column.unit,
                "better": column.better,
                "decimals": column.decimals,
                "weight": column.weight,
                "shown": column.shown,
            }
            for column in columns
        ],
        "ids": identifiers,
        "values": [
            [
                _numbers(track.value(column.name, identifier) for identifier in identifiers)
                for column in columns
            ]
            if track.scores
            else None
            for track in one.tracks
        ],
        "groups": {
            heading: {
                label: sorted(row_of[name] for name in members if name in row_of)
                for label, members in of.items()
            }
            for heading, of in one.groups.items()
        },
        "clips": [
            {
                "row": row_of[identifier],
                "why": why,
                "top_hz": clip.top_hz,
                "top_db": clip.top_db,
                "tracks": _recordings(one, clip, blobs),
            }
            for identifier, (clip, why) in clips.items()
        ],
    }


def _recordings(one: ListeningSet, clip: Clip, blobs: list[str]) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    for track in one.tracks:
        recording = clip.recordings.get(track.name)
        if recording is None:
            found.append(None)
            continue
        blobs.extend(base64.b64encode(data).decode() for data in (recording.image, recording.audio))
        found.append(
            {
                "rate_hz": recording.rate_hz,
                "seconds": round(recording.seconds, 4),
                "image": len(blobs) - 2,
                "audio": len(blobs) - 1,
            }
        )
    return found


def _numbers(values) -> list[float | None]:
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values]
