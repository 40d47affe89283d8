"""Weights of metrics: found, compared with their hashes, fetched, and metrics that need them."""

import hashlib
import http.server
import json
import os
import threading

import pytest

from espnet_plugin.cli import main
from espnet_plugin.errors import UserError
from espnet_plugin.scoring import weights
from espnet_plugin.scoring.metric import Column, Metric, Setup
from espnet_plugin.scoring.weights import WeightFile, Weights, WeightsMissing

CONTENT = b"numbers"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TWO = Weights("two", files=(WeightFile("a.bin", "https://example.org/a.bin", SHA256), WeightFile("b.bin", "-")))


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "weights" / "two"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(CONTENT)
    (folder / "b.bin").write_bytes(b"others")
    return tmp_path / "weights"


@pytest.fixture
def address(tmp_path):
    """A server of the files in tmp_path/served."""
    served = tmp_path / "served"
    served.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(served))

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_published_hash_is_compared_and_an_unpublished_one_recorded(directory):
    first = weights.check(TWO, directory)
    assert weights.check(TWO, directory) == first
    record = json.loads((directory / "two" / "weights.json").read_text())
    assert record["a.bin"]["sha256"] == SHA256 and set(record) == {"a.bin", "b.bin"}

    for name, content in (("a.bin", CONTENT), ("b.bin", b"others")):
        (directory / "two" / name).write_bytes(b"changed")
        with pytest.raises(WeightsMissing, match=f"{name} is not the file it should be"):
            weights.check(TWO, directory)
        (directory / "two" / name).write_bytes(content)
        assert weights.check(TWO, directory) == first


def test_a_copy_without_its_times_is_still_whole(directory):
    first = weights.check(TWO, directory)
    os.utime(directory / "two" / "b.bin", (1, 1))
    assert weights.check(TWO, directory) == first


def test_a_folder_that_cannot_be_written_works(directory, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError("read-only")

    monkeypatch.setattr(weights, "write_text", refuse)
    assert weights.check(TWO, directory)


def test_missing_files_and_patterns_are_named(tmp_path, directory):
    (directory / "two" / "b.bin").unlink()
    with pytest.raises(WeightsMissing, match="b.bin is not there"):
        weights.check(TWO, directory)
    tree = Weights("tree", repository="someone/something", patterns=("config.yaml", "exp/*/model.pth"))
    (directory / "tree" / "exp" / "x").mkdir(parents=True)
    (directory / "tree" / "config.yaml").touch()
    with pytest.raises(WeightsMissing, match="model.pth is not there"):
        weights.check(tree, directory)
    (directory / "tree" / "exp" / "x" / "model.pth").touch()
    assert [path.name for path in weights.find(tree, directory)] == ["config.yaml", "model.pth"]


def test_fetch_downloads_what_is_missing_and_refuses_another_file(tmp_path, address):
    (tmp_path / "served" / "a.bin").write_bytes(CONTENT)
    needed = Weights("one", files=(WeightFile("a.bin", f"{address}/a.bin", SHA256),))
    folder = weights.fetch(needed, tmp_path / "weights")
    assert (folder / "a.bin").read_bytes() == CONTENT and weights.check(needed, tmp_path / "weights")

    (tmp_path / "served" / "a.bin").write_bytes(b"another")
    assert weights.fetch(needed, tmp_path / "weights") == folder  # it is there, nothing is fetched
    with pytest.raises(UserError, match="copy .*weights/one from another one"):
        weights.fetch(needed, tmp_path / "weights", force=True)
    assert list(folder.iterdir()) == []


def test_without_connection_one_line_says_what_to_do(tmp_path):
    unreachable = Weights("one", files=(WeightFile("a.bin", "http://127.0.0.1:9/a.bin"),))
    with pytest.raises(UserError, match="cannot be fetched.*on a machine without network copy"):
        weights.fetch(unreachable, tmp_path)


class Toy(Metric):
    columns = (Column("Toy"),)
    needs_reference = False
    weights = TWO

    def score(self, item):
        return (float((self.weights_folder() / "b.bin").stat().st_size),)


def test_a_metric_knows_its_weights(directory, tmp_path):
    assert Toy(Setup(directory)).available() is None
    assert Toy(Setup(directory)).settings()["weights"] == weights.check(TWO, directory)
    missing = Toy(Setup(tmp_path)).available()
    assert "a.bin is not there" in missing.reason and missing.remedy == "urgent26 weights --fetch Toy"


@pytest.fixture
def only_toy(monkeypatch):
    monkeypatch.setattr("espnet_plugin.scoring.registry.METRICS", {"Toy": (__name__, "Toy")})


def test_the_verb_lists_and_fetches(directory, address, tmp_path, monkeypatch, only_toy, capsys):
    assert main(["weights", "--weights_dir", str(directory)]) == 0
    assert "Toy     at hand" in capsys.readouterr().out
    monkeypatch.setattr(Toy, "weights", Weights("new", files=(WeightFile("c.bin", f"{address}/c.bin"),)))
    assert main(["weights", "--weights_dir", str(directory), "--fetch"]) == 2
    captured = capsys.readouterr()
    assert "Toy     missing" in captured.out and "Toy: " in captured.err
    (tmp_path / "served" / "c.bin").write_bytes(b"1")
    assert main(["weights", "--weights_dir", str(directory), "--fetch", "toy"]) == 0
    assert "Toy     at hand" in capsys.readouterr().out
    (directory / "new" / "c.bin").write_bytes(b"22")
    assert main(["weights", "--weights_dir", str(directory)]) == 0
    assert "Toy     changed" in capsys.readouterr().out
