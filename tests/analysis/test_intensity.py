import csv

import numpy as np
import pytest

from espnet_plugin.analysis.intensity import (
    INTENSITIES,
    Surroundings,
    analyse_intensity,
    degraded_versions,
    summarise,
    with_late_part,
)
from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Column, Metric, Unscorable

from .conftest import RATE_HZ, harmonics, is_png

pytest.importorskip("resampy")


class Error(Metric):
    """Mean absolute error; none for silence."""

    columns = (Column("ERROR", better="lower"),)

    def score(self, item):
        if not item.estimate.any():
            raise Unscorable("silent")
        return (float(np.abs(item.estimate - item.reference).mean()),)


def surroundings(room=True):
    random = np.random.default_rng(0)
    # A delay, the direct sound and 10 ms later a tail: nothing early, which would hide the tail.
    tail = 0.1 * random.standard_normal(500) * np.exp(-np.arange(500) / 100)
    response = np.r_[0.0, 1.0, np.zeros(160), tail]
    return Surroundings(random.standard_normal(20000).astype(np.float32), 0.1, response if room else None)


def test_every_degradation_gets_worse():
    clean = harmonics(150, seconds=0.5)
    errors = {}
    for kind, value, wave in degraded_versions(clean, RATE_HZ, surroundings()):
        assert wave.shape == clean.shape and np.isfinite(wave).all()
        errors.setdefault(kind, []).append(np.abs(wave - clean).mean())
    assert set(errors) == set(INTENSITIES)
    assert all(np.all(np.diff(values) > 0) for values in errors.values()), errors


def test_without_rooms_and_at_low_rates():
    clean = harmonics(150)
    kinds = {kind for kind, _, _ in degraded_versions(clean, RATE_HZ, surroundings(room=False))}
    assert kinds == {"noise", "clipping", "bandwidth", "all"}
    cutoffs = [value for _, value, _ in degraded_versions(clean, 8000, surroundings(), ["bandwidth"])]
    assert max(cutoffs) == 3000


def test_the_late_part_by_hand():
    response = np.zeros(200)
    response[[10, 50, 120]] = 1.0, 0.5, 0.25  # direct, early (2.5 ms), late (6.9 ms)
    late = with_late_part(response, -20.0, RATE_HZ)
    assert late[0] == 1.0 and late[40] == 0.5 and late[110] == pytest.approx(0.025)


def test_means_leave_out_what_has_no_value():
    rows = [
        {"degradation": "noise", "intensity": 5.0, "ERROR_degraded": a, "ERROR_restored": b}
        for a, b in [(1.0, 0.5), (3.0, float("nan"))]
    ]
    (row,) = summarise(rows, ["ERROR"])
    assert (row["degraded"], row["restored"], row["gain"], row["recordings"]) == (2.0, 0.5, -1.5, 2)


def test_files(recordings, tmp_path):
    pytest.importorskip("matplotlib")
    files = analyse_intensity(
        lambda wave, rate_hz: 0.5 * wave,
        recordings[:2],
        lambda name: surroundings(),
        {"ERROR": Error()},
        RATE_HZ,
        tmp_path,
        ["noise", "all"],
    )
    with files[1].open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["degradation"] for row in rows] == ["noise"] * 7 + ["all"] * 3
    assert is_png(files[2])
    with pytest.raises(UserError, match="no degradation 'wind'; choose from noise"):
        analyse_intensity(None, recordings, surroundings, {}, RATE_HZ, tmp_path, ["wind"])
