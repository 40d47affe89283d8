"""The record of a stage: what it was made from, and whether it is finished."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError


def digest(content: bytes | str) -> str:
    """A short fingerprint of some content."""
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()[:16]


def fingerprint(files: Iterable[str | Path]) -> str:
    """A fingerprint of many files by name, size and time of change, without reading them.

    Raises:
        UserError: one of them is missing.
    """
    lines = []
    for path in sorted(map(Path, files)):
        try:
            status = path.stat()
        except OSError:
            raise UserError(f"{path} is missing; run the stage that makes it, or correct the list") from None
        lines.append(f"{path} {status.st_size} {status.st_mtime_ns}")
    return digest("\n".join(lines))


def read_record(path: Path) -> dict[str, Any] | None:
    """The content of a stage's record; None where there is none.

    Raises:
        UserError: the file is damaged.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise UserError(f"{path} cannot be read; remove it to run the stage again") from None
    return record if isinstance(record, dict) else None


def finished_record(path: Path) -> dict[str, Any] | None:
    """The record of a finished stage; None where it has not run or did not finish."""
    record = read_record(path)
    return record if record is not None and record.get("finished") else None


class Stage:
    """Lets a stage be run again: a no-op where nothing changed, and never a silent mixture.

    The record is a JSON file ``<name>.stage.json`` in the stage's output folder. It is written
    when the work begins, so that a killed run is told from one with other settings, and again
    when the work is finished.

    Args:
        folder: where the stage writes.
        name: the stage's name in the record and in messages.
        settings: what the user chose. Other settings than last time are an error, since going on
            would mix two data sets or lose one of them.
        inputs: fingerprint of what an earlier stage or the user's folder offers. A change of it
            makes the stage run again.
        force: run again whatever the record says.
    """

    def __init__(
        self,
        folder: str | Path,
        name: str,
        settings: Mapping[str, Any],
        inputs: str = "",
        force: bool = False,
    ):
        self.folder = Path(folder)
        self.name = name
        self.settings = json.loads(json.dumps(dict(settings), default=str))
        self.inputs = inputs
        self.force = force
        self.record_path = self.folder / f"{name}.stage.json"
        self._record = read_record(self.record_path)

    def finished(self) -> bool:
        """Whether nothing is left to do.

        Raises:
            UserError: the folder was made with other settings and ``force`` is not set.
        """
        if self.force or self._record is None:
            return False
        changes = self._changes()
        if changes:
            raise UserError(
                f"{self.folder} was made with other settings ({changes}); add --force to make it again, "
                "or choose another folder"
            )
        return bool(self._record.get("finished")) and self._record.get("inputs") == self.inputs

    @property
    def outdated(self) -> bool:
        """Whether what lies in the folder must not be continued: other settings or inputs, or ``force``."""
        if self._record is None:
            return False
        return self.force or bool(self._changes()) or self._record.get("inputs") != self.inputs

    @property
    def summary(self) -> dict[str, Any]:
        """What the finished stage noted down."""
        return (self._record or {}).get("summary", {})

    def start(self) -> None:
        """Note that the work has begun with these settings."""
        self._write(finished=False, summary={})

    def finish(self, summary: Mapping[str, Any] | None = None) -> None:
        """Note that the work is complete.

        Args:
            summary: a few numbers for people and later stages.
        """
        self._write(finished=True, summary=dict(summary or {}))

    def _changes(self) -> str:
        old = (self._record or {}).get("settings", {})
        keys = sorted(key for key in {*old, *self.settings} if old.get(key) != self.settings.get(key))
        return ", ".join(f"{key}: {old.get(key)} -> {self.settings.get(key)}" for key in keys)

    def _write(self, finished: bool, summary: dict[str, Any]) -> None:
        self._record = {
            "stage": self.name,
            "finished": finished,
            "settings": self.settings,
            "inputs": self.inputs,
            "summary": summary,
        }
        text = json.dumps(self._record, indent=1, ensure_ascii=False, default=str)
        write_text(self.record_path, text + "\n")
