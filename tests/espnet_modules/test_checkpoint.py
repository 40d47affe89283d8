"""Checkpoints: atomic, one generation back, readable without pickled classes."""

import datetime

import numpy as np
import pytest
import torch

from espnet_plugin.espnet_modules.checkpoint import (
    CURRENT,
    PREVIOUS,
    atomic_saves,
    is_whole,
    plain,
    recover,
    with_durations,
)


def read(path):
    return torch.load(path, weights_only=True)


def test_previous_checkpoint_is_kept(tmp_path):
    with atomic_saves():
        for epoch in (1, 2, 3):
            torch.save({"epoch": epoch}, tmp_path / CURRENT)
    assert read(tmp_path / CURRENT) == {"epoch": 3}
    assert read(tmp_path / PREVIOUS) == {"epoch": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == [PREVIOUS, CURRENT]


def test_a_kill_between_keeping_and_renaming_leaves_nothing_behind(tmp_path):
    with atomic_saves():
        torch.save({"epoch": 1}, tmp_path / CURRENT)
        # The previous name exists already, for the same file.
        (tmp_path / PREVIOUS).hardlink_to(tmp_path / CURRENT)
        torch.save({"epoch": 2}, tmp_path / CURRENT)
    assert [read(tmp_path / name)["epoch"] for name in (CURRENT, PREVIOUS)] == [2, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [PREVIOUS, CURRENT]


def test_a_failure_while_writing_leaves_the_old_file(tmp_path):
    class Unwritable:
        def __reduce__(self):
            raise OSError("disk full")

    with atomic_saves():
        torch.save({"epoch": 1}, tmp_path / CURRENT)
        with pytest.raises(OSError, match="disk full"):
            torch.save({"epoch": Unwritable()}, tmp_path / CURRENT)
    assert read(tmp_path / CURRENT) == {"epoch": 1}


def test_torch_save_is_given_back(tmp_path):
    before = torch.save
    with pytest.raises(RuntimeError):
        with atomic_saves():
            assert torch.save is not before
            raise RuntimeError
    assert torch.save is before


def test_truncated_checkpoint_gives_way_to_the_previous_one(tmp_path):
    with atomic_saves():
        for epoch in (1, 2):
            torch.save({"epoch": epoch, "weight": torch.zeros(1000)}, tmp_path / CURRENT)
    assert recover(tmp_path) is None
    content = (tmp_path / CURRENT).read_bytes()
    (tmp_path / CURRENT).write_bytes(content[: len(content) // 2])
    assert not is_whole(tmp_path / CURRENT)
    assert "damaged; going on from the epoch before" in recover(tmp_path)
    assert read(tmp_path / CURRENT)["epoch"] == 1
    # Without any other the training starts over.
    (tmp_path / CURRENT).write_bytes(b"")
    assert "starts over" in recover(tmp_path)
    assert not list(tmp_path.iterdir())
    assert recover(tmp_path) is None


def test_plain_content_reads_safely_and_comes_back(tmp_path):
    content = {"a": [np.float64(1.5), (np.int64(2), "x")], "time": datetime.timedelta(seconds=2.5)}
    with atomic_saves():
        torch.save(content, tmp_path / "x.pth")
    back = with_durations(read(tmp_path / "x.pth"))
    assert back["a"] == [1.5, (2, "x")] and back["time"] == content["time"]
    assert type(plain(content)["a"][0]) is float
