"""History: losses only, one row per epoch, a table and a picture."""

import csv

import pytest

from espnet_plugin.training.curve import history_rows, plot_curve, write_history

STATISTICS = {
    2: {"train": {"loss": 0.5, "mel": 2.0}, "valid": {"loss": 0.6}},
    1: {
        "train": {"loss": 1.0, "forward_time": 0.1, "optim0_lr0": 1e-3, "total_count": 4, "time": {"x": 1.0}},
        "valid": {"loss": 1.5},
        "att_plot": {"loss": 3.0},
    },
}


def test_rows_hold_losses_in_order():
    assert history_rows(STATISTICS) == [
        {"epoch": 1, "train_loss": 1.0, "valid_loss": 1.5},
        {"epoch": 2, "train_loss": 0.5, "train_mel": 2.0, "valid_loss": 0.6},
    ]


def test_table_and_picture(tmp_path):
    pytest.importorskip("matplotlib")
    rows = history_rows(STATISTICS)
    write_history(rows, tmp_path / "history.csv")
    with (tmp_path / "history.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert [row["epoch"] for row in table] == ["1", "2"]
    assert table[0]["train_mel"] == "" and table[1]["train_mel"] == "2.0"
    plot_curve(rows, tmp_path / "images" / "curve.png", title="a title")
    assert (tmp_path / "images" / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.rglob(".*"))
