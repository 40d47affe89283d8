import sys
import tarfile
from types import SimpleNamespace

import pytest

from espnet_plugin.corpora.ready_made import Pair, fetch, pairs
from espnet_plugin.errors import UserError
from tests.corpora.trees import text, write


@pytest.fixture
def hub(monkeypatch):
    """A hub that has one data set of two layouts: lists, and an archive with folders."""
    calls = []

    def snapshot_download(name, repo_type, local_dir):
        calls.append((name, repo_type))
        if "nowhere" in name:
            raise ConnectionError("no route\nto host")
        for side in ("noisy", "clean"):
            write(local_dir / "data" / "simulation_train" / side / "0" / "fileid_1.flac", 16000)
            write(local_dir / "validation" / side / "fileid_7.flac", 8000)
        lists = local_dir / "data" / "train_simulation"
        text(lists / "wav.scp", "fileid_1 data/simulation_train/noisy/0/fileid_1.flac\n")
        text(lists / "utt2lang", "fileid_1 spa\n")
        text(lists / "spk1.scp", "fileid_1 data/simulation_train/clean/0/fileid_1.flac\n")
        if not (local_dir / "validation.tar.gz.unpacked").exists():
            with tarfile.open(local_dir / "validation.tar.gz", "w:gz") as archive:
                archive.add(local_dir / "validation", "validation")
        return str(local_dir)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    return calls


def test_by_name(hub, tmp_path):
    folder = fetch("universal_se", tmp_path)
    assert hub == [("lichenda/urgent26_track1_universal_se", "dataset")]
    (pair,) = pairs(folder, "train")
    assert (pair.uid, pair.language) == ("fileid_1", "spa") and pair.noisy.is_file()
    assert pair.clean.parent.parent.name == "clean"
    (pair,) = pairs(folder, "valid")
    files = (folder / "validation" / side / "fileid_7.flac" for side in ("noisy", "clean"))
    assert pair == Pair("fileid_7", *files)
    fetch("universal_se", tmp_path)  # what is unpacked stays


def test_mistakes_are_one_line(hub, tmp_path):
    with pytest.raises(UserError, match="no ready-made set urgent27; choose from universal_se"):
        fetch("urgent27", tmp_path)
    with pytest.raises(UserError, match="someone/nowhere cannot be fetched from the hub: no route$"):
        fetch("someone/nowhere", tmp_path)
    folder = fetch("universal_se", tmp_path)
    (folder / "data/simulation_train/noisy/0/fileid_1.flac").unlink()
    with pytest.raises(UserError, match="not in the download"):
        pairs(folder, "train")
    with pytest.raises(UserError, match="holds no test set"):
        pairs(folder, "test")


def test_a_damaged_archive_is_named(hub, tmp_path):
    fetch("universal_se", tmp_path)
    (tmp_path / "urgent26_track1_universal_se" / "more.tar").write_bytes(b"no archive at all")
    with pytest.raises(UserError, match="more.tar is damaged"):
        fetch("universal_se", tmp_path)
