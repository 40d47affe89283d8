"""The record of computed scores, appended to as they come, so that a killed run loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from espnet_plugin.atomic_write import write_text

def fingerprint(settings: Mapping[str, str], *files: Path) -> str:
    """A short name for everything a score depends on: the metric's settings and its files.

    A file counts as changed when its path, size or modification time differs.
    """
    parts = [json.dumps(settings, sort_keys=True)]
    for file in files:
        status = file.stat()
        parts.append(f"{file.absolute()} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class Ledger:
    """A file of JSON lines `{"id", "metric", "of", "values", "note"}`; the last line of a pair counts.

    Args:
        path: the file; made by the first `add`. A last line cut off by a kill is passed over.
    """

    def __init__(self, path: Path):
        self._path = path
        self._entries: dict[tuple[str, str], dict] = {}
        self._file = None
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    entry = json.loads(line)
                    self._entries[entry["id"], entry["metric"]] = entry
                except (ValueError, KeyError, TypeError):
                    continue

    def find(self, identifier: str, metric: str, of: str) -> dict | None:
        """The entry of a file and metric if its fingerprint is still `of`."""
        entry = self._entries.get((identifier, metric))
        return entry if entry and entry.get("of") == of else None

    def add(self, identifier: str, metric: str, of: str, values: Iterable[float], note: str | None) -> None:
        """Record values at once, on disk."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._path, "a", encoding="utf-8")
            self._file.write("\n")  # ends a line that a kill cut off
        entry = {"id": identifier, "metric": metric, "of": of, "values": list(values), "note": note}
        self._entries[identifier, metric] = entry
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def compact(self, identifiers: Container[str]) -> None:
        """Rewrite the file with one line per (id, metric), for these ids only, if anything was added."""
        if self._file is None:
            return
        self.close()
        kept = [entry for pair, entry in sorted(self._entries.items()) if pair[0] in identifiers]
        write_text(self._path, "".join(json.dumps(entry) + "\n" for entry in kept))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
