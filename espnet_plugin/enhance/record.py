"""What the results in a folder were made with, so that a later run knows which of them are its own."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet_plugin.errors import UserError

NAME = ".urgent26_enhance.jsonl"
#: Suffixes of the files that make a model.
MODEL_SUFFIXES = (".pt", ".pth", ".safetensors", ".yaml")


class Record:
    """The file `.urgent26_enhance.jsonl` in an output folder: one JSON object a line.

    A line with `settings` tells the model and the options behind a short name, a line with `result` that a
    file, if it is there, is whole and was made with them from a recording of that size and time of change.
    It is written before the work, and later lines count, so that no moment of a broken run leaves it wrong.
    Where an older file stays until it is replaced, the line says `older`, and another one follows after that.

    Args:
        folder: of the results.
        settings: model and options of this run.

    Raises:
        UserError: the record cannot be read.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.path = folder / NAME
        self.settings = json.loads(json.dumps(dict(settings), default=str, sort_keys=True))
        self.key = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()[:16]
        self._known: dict[str, dict[str, Any]] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._torn = False
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except NotADirectoryError as error:
            raise UserError(f"{folder} is no folder; choose another one for the results") from error
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {error.strerror}") from error
        self._torn = not content.endswith(b"\n")
        for line in content.splitlines():
            try:
                entry = json.loads(line)
                if "result" in entry:
                    self._results[entry["result"]] = entry
                else:
                    self._known[entry["key"]] = entry["settings"]
            except (ValueError, KeyError, TypeError):  # the last line of a killed run
                continue

    def made_from(self, name: str, source: Path) -> bool | None:
        """Whether a result was made from a recording as it is now; None for files that are none of ours."""
        entry = self._results.get(name)
        return None if entry is None else "older" not in entry and entry.get("source") == _signature(source)

    def check(self, names: Sequence[str]) -> None:
        """Say if results were made with other settings.

        Args:
            names: results that are there.

        Raises:
            UserError: one of them was.
        """
        for name in names:
            key = self._results.get(name, {}).get("key", self.key)
            if key != self.key:
                old = self._known.get(key, {})
                new = self.settings
                changed = sorted(option for option in {*old, *new} if old.get(option) != new.get(option))
                changes = ", ".join(f"{one}: {old.get(one)} -> {new.get(one)}" for one in changed)
                raise UserError(
                    f"{self.path.parent} was made with other settings ({changes}); add --force to make it "
                    "again, or choose another folder"
                )

    def note(self, results: Mapping[str, Path], older: Collection[str] = ()) -> None:
        """Note which results this run makes from which recordings.

        Args:
            results: name -> recording.
            older: those of which an older file is there, until `replaced`.

        Raises:
            UserError: the folder cannot be written to.
        """
        entries = [] if self.key in self._known else [{"key": self.key, "settings": self.settings}]
        for name, source in results.items():
            entry = {"result": name, "key": self.key, "source": _signature(source)}
            if name in older:
                entry["older"] = True
            if self._results.get(name) != entry:
                entries.append(entry)
            self._results[name] = entry
        if entries:
            self._append(entries)

    def replaced(self, name: str) -> None:
        """Note that a result of this run has taken the place of the older one; raises as `note`."""
        del self._results[name]["older"]  # the recording may have changed since
        self._append([self._results[name]])

    def _append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        text = ("\n" if self._torn else "") + "".join(json.dumps(entry) + "\n" for entry in entries)
        self._torn = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # One call, so that the lines of runs at the same time stay whole.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                if os.write(descriptor, text.encode()) < len(text):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            why = f"cannot be written to: {error.strerror}"
            raise UserError(f"{self.path.parent} {why}; choose another folder") from error


def _signature(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def content_digest(checkpoint: str | Path | Mapping[str, str | Path]) -> str:
    """A fingerprint of a model's files by their content, wherever they lie; of other words themselves."""
    files = model_files(checkpoint)
    if not files:
        return str(checkpoint)
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:16]


def model_files(checkpoint: str | Path | Mapping[str, str | Path]) -> list[Path]:
    """The files that make a model; of an experiment not the checkpoints of its training."""
    if isinstance(checkpoint, Mapping):
        return [Path(path) for _, path in sorted(checkpoint.items())]
    folder = Path(checkpoint).expanduser()
    if folder.is_file():
        return [folder]
    if (folder / "model.pth").is_file():
        return [path for path in (folder / "config.yaml", folder / "model.pth") if path.is_file()]
    return sorted(path for path in folder.rglob("*") if path.suffix in MODEL_SUFFIXES)
