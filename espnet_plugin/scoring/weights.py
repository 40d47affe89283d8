"""Weights that metrics need and no package brings: where they lie, whether they are whole, how they get here."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError

DIRECTORY_VARIABLE = "URGENT26_WEIGHTS"
RECORD = "weights.json"


@dataclass(frozen=True)
class WeightFile:
    """One file with an address of its own.

    Attributes:
        name: in the metric's folder.
        url: where it is published.
        sha256: as published; empty where nobody published it. Then it is recorded when the file is first
            seen, and a file that changes afterwards is refused.
    """

    name: str
    url: str
    sha256: str = ""


@dataclass(frozen=True)
class Weights:
    """The files that one metric needs: either single files, or a repository of the Hugging Face hub.

    Attributes:
        folder: below the weights directory.
        files: single files; beside a repository those of its files whose hash is published.
        repository: `organisation/name` on the hub.
        revision: commit of the repository; empty for its newest.
        patterns: glob patterns of the repository's files that are needed; each must match a file.
        licence: of the weights, as their authors state it.
        page: where a reader learns more.
        size_mb: of the download, about.
    """

    folder: str
    files: tuple[WeightFile, ...] = ()
    repository: str = ""
    revision: str = ""
    patterns: tuple[str, ...] = ()
    licence: str = ""
    page: str = ""
    size_mb: float = 0


class WeightsMissing(Exception):
    """The weights are not at hand, or they are not what they were; the message says which file and why."""


def default_directory() -> Path:
    """`$URGENT26_WEIGHTS`, else `urgent26/weights` in the user's cache."""
    named = os.environ.get(DIRECTORY_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "urgent26" / "weights"


def find(weights: Weights, directory: Path) -> list[Path]:
    """The files of the weights, sorted.

    Raises:
        WeightsMissing: a file is not there.
    """
    folder = directory / weights.folder
    if weights.repository:
        found = set()
        for pattern in weights.patterns:
            matching = {path for path in folder.glob(pattern) if path.is_file()}
            if not matching:
                raise WeightsMissing(f"{folder / pattern} is not there")
            found |= matching
        return sorted(found)
    for file in weights.files:
        if not (folder / file.name).is_file():
            raise WeightsMissing(f"{folder / file.name} is not there")
    return sorted(folder / file.name for file in weights.files)


def check(weights: Weights, directory: Path) -> str:
    """A hash over all files of the weights, after comparing each with its published or recorded one.

    Raises:
        WeightsMissing: a file is not there, or is not the one that was published or recorded.
    """
    stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in find(weights, directory))
    return _checked(weights, directory, stamps)


@functools.lru_cache(maxsize=64)
def _checked(weights: Weights, directory: Path, stamps: tuple[tuple[Path, int, int], ...]) -> str:
    folder = directory / weights.folder
    published = {file.name: file.sha256 for file in weights.files if file.sha256}
    recorded = _read_record(folder)
    record = {}
    for path, size, time_ns in stamps:
        name = path.relative_to(folder).as_posix()
        entry = recorded.get(name, {})
        if (entry.get("size"), entry.get("time_ns")) == (size, time_ns):
            sha256 = entry["sha256"]  # reading gigabytes again would take longer than scoring a few files
        else:
            sha256 = hash_file(path)
        expected = published.get(name) or entry.get("sha256")
        if expected and sha256 != expected:
            raise WeightsMissing(
                f"{path} is not the file it should be, its SHA-256 is {sha256} instead of {expected}; "
                "--force fetches it anew"
            )
        record[name] = {"sha256": sha256, "size": size, "time_ns": time_ns}
    if any(recorded.get(name) != entry for name, entry in record.items()):
        try:
            write_text(folder / RECORD, json.dumps(recorded | record, indent=1) + "\n")
        except OSError:
            pass  # a shared folder that only its owner may write to
    together = "".join(f"{name} {entry['sha256']}\n" for name, entry in sorted(record.items()))
    return hashlib.sha256(together.encode()).hexdigest()


def fetch(weights: Weights, directory: Path, force: bool = False) -> Path:
    """Download what is missing and record its hashes.

    Args:
        weights: what to fetch.
        directory: of all weights; made if needed.
        force: download again what is there, and forget its recorded hashes.

    Returns:
        the folder of these weights.

    Raises:
        UserError: no connection, or the file that came is not the published one.
    """
    folder = directory / weights.folder
    if force:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if weights.repository:
            from huggingface_hub import snapshot_download

            snapshot_download(
                weights.repository,
                revision=weights.revision or None,
                allow_patterns=list(weights.patterns),
                local_dir=folder,
            )
        else:
            import torch.hub

            for file in weights.files:
                if not (folder / file.name).is_file():
                    # It downloads to a temporary name and renames after comparing the hash.
                    torch.hub.download_url_to_file(file.url, str(folder / file.name), file.sha256 or None)
        check(weights, directory)
    except WeightsMissing as error:
        raise UserError(str(error)) from error
    except Exception as error:  # the clients raise many kinds, all meaning "cannot be had"
        source = weights.repository or weights.page or weights.files[0].url
        raise UserError(
            f"{source} cannot be fetched: {error}; on a machine without network copy {folder} from another one"
        ) from error
    return folder


def hash_file(path: Path) -> str:
    """SHA-256 of a file of any size, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_record(folder: Path) -> dict[str, dict]:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = record.items() if isinstance(record, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, dict) and "sha256" in entry}
