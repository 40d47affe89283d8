"""Sets of the challenge that are simulated already, on the Hugging Face hub."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.audio.scp import AUDIO_SUFFIXES
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.sources import read_words

#: Name on our command line -> data set on the hub.
SETS = {
    "universal_se": "lichenda/urgent26_track1_universal_se",
    "leaderboard_validation": "lichenda/urgent26_track1_leaderboard_validation",
}
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
UNPACKED = ".unpacked"  # an empty file of this suffix beside an archive that is unpacked


@dataclass(frozen=True)
class Pair:
    """One recording: noisy and clean file (None without reference), and what lists tell of it, else empty."""

    uid: str
    noisy: Path
    clean: Path | None
    speaker: str = ""
    text: str = ""
    language: str = ""


def fetch(name: str, folder: Path) -> Path:
    """Download a set, or what is missing of it, and unpack its archives where they lie.

    Args:
        name: one of ``SETS``, or a data set's name on the hub.
        folder: gets a folder of that name.

    Returns:
        the set's folder.

    Raises:
        UserError: an unknown name, or the hub cannot be reached.
    """
    repository = SETS.get(name, name)
    if repository.count("/") != 1:
        raise UserError(f"there is no ready-made set {name}; choose from {', '.join(SETS)}")
    from huggingface_hub import snapshot_download

    target = folder / repository.rpartition("/")[2]
    try:
        snapshot_download(repository, repo_type="dataset", local_dir=target)
    except Exception as error:  # the hub client raises many kinds, all meaning "cannot be had"
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"the data set {repository} cannot be fetched from the hub: {reason}") from error
    for archive in sorted(path for path in target.rglob("*") if path.name.endswith(ARCHIVES)):
        _unpack(archive)
    return target


def pairs(folder: Path, part: str) -> list[Pair]:
    """The recordings of one part of a downloaded set.

    Two layouts are understood, in a folder whose path holds the part's name, or in the only one there is:
    Kaldi's lists ``wav.scp``, ``spk1.scp``, ``utt2spk``, ``text`` and ``utt2lang``, of which the first is
    needed, with paths from there, from the set's folder or from one between; and folders ``noisy`` and
    ``clean``.

    Args:
        folder: of the set.
        part: ``train`` or ``valid``.

    Raises:
        UserError: nothing of the part is found, or a list names a file that is not there.
    """
    for place in _places(folder, part):
        if (place / "wav.scp").is_file():
            noisy, clean = (_listed(place / name, folder) for name in ("wav.scp", "spk1.scp"))
        else:
            noisy, clean = ({path.stem: path for path in _audio(place / side)} for side in ("noisy", "clean"))
        more = [read_words(place / name) for name in ("utt2spk", "text", "utt2lang")]
        found = [
            Pair(uid, path, clean.get(uid), *(of.get(uid, "") for of in more)) for uid, path in noisy.items()
        ]
        if found:
            return found
    raise UserError(
        f"{folder} holds no {part} set in a layout that is known (wav.scp, or folders noisy and clean); "
        "name its folders with --extra_test or --corpus folder"
    )


def _places(folder: Path, part: str) -> list[Path]:
    """Folders that hold recordings of a part, those with lists first."""
    folders = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
    listed = [path for path in folders if (path / "wav.scp").is_file()]
    holding = listed + [path for path in folders if (path / "noisy").is_dir() and path not in listed]
    named = [path for path in holding if part in path.relative_to(folder).as_posix()]
    return named or (holding if len(holding) == 1 else [])


def _listed(path: Path, top: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    if not path.is_file():
        return files
    folders = [path.parent, *(parent for parent in path.parent.parents if top in (parent, *parent.parents))]
    for line in path.read_text(encoding="utf-8").splitlines():
        uid, _, name = line.strip().partition(" ")
        if not name:
            continue
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if found is None:
            raise UserError(f"{path} names {name}, which is not in the download; run the same command again")
        files[uid] = found
    return files


def _audio(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)


def _unpack(archive: Path) -> None:
    done = archive.with_name(archive.name + UNPACKED)
    if done.exists():
        return
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(archive.parent)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(archive.parent, filter="data")  # refuses members that leave the folder
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise UserError(f"{archive} is damaged ({error}); remove it and run the command again") from error
    done.touch()
