"""What can go wrong around rendering: full disks, dying workers, kills."""

import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_plugin.errors import UserError
from espnet_plugin.simulation import rendering
from espnet_plugin.simulation.rendering import Item, Rendered, render_items, share_of


@dataclass(frozen=True)
class Tone(Item):
    """mischief: what happens instead of a tone."""

    mischief: str = ""

    @classmethod
    def waves_of(cls, items):
        for item in items:
            try:
                yield item._waves()
            except ZeroDivisionError as error:
                yield error

    def _waves(self):
        if self.mischief == "fails":
            raise ZeroDivisionError("no tone")
        if self.mischief == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.mischief == "waits":
            time.sleep(0.2)
        return [np.full(self.samples, 0.1) for _ in self.paths]


def tones(folder, count, **mischiefs):
    return [
        Tone(
            f"tone{number}",
            8000,
            100,
            (folder / f"noisy/0/{number}.flac", folder / f"clean/0/{number}.flac"),
            mischiefs.get(f"tone{number}", ""),
        )
        for number in range(count)
    ]


def test_a_full_disk_ends_the_run_with_nothing_half_written(tmp_path, monkeypatch):
    true_write, written = soundfile.SoundFile.write, set()

    def write(file, samples):
        written.add(file.name)
        if len(written) > 6:  # two files each of three items
            raise OSError(errno.ENOSPC, "No space left on device")
        return true_write(file, samples)

    with monkeypatch.context() as full:
        full.setattr(soundfile.SoundFile, "write", write)
        with pytest.raises(UserError, match="is full; make room and run the same command again"):
            render_items(tones(tmp_path, 6), tmp_path, 1)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == sorted(2 * ["0.flac", "1.flac", "2.flac"])
    assert render_items(tones(tmp_path, 6), tmp_path, 1) == Rendered(3, 3, 0)


def test_libsndfile_on_a_full_disk(tmp_path, monkeypatch):
    def write(file, samples):
        raise soundfile.LibsndfileError(2)

    monkeypatch.setattr(soundfile.SoundFile, "write", write)
    assert render_items(tones(tmp_path, 2), tmp_path, 1).failed == 2  # another trouble
    monkeypatch.setattr(rendering, "FULL_DISK_BYTES", float("inf"))
    with pytest.raises(UserError, match="is full"):
        render_items(tones(tmp_path, 2), tmp_path, 1)


def test_whatever_goes_wrong_with_one_item_does_not_end_the_run(tmp_path, capsys):
    assert render_items(tones(tmp_path, 3, tone1="fails"), tmp_path, 1) == Rendered(2, 0, 1)
    assert (tmp_path / "failed.txt").read_text() == "tone1\tZeroDivisionError: no tone\n"
    assert "tone1 skipped" in capsys.readouterr().err


def test_a_dead_worker_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "ITEMS_PER_WORKER", 1)
    with pytest.raises(UserError, match="a process died"):
        render_items(tones(tmp_path, 4, tone2="kills"), tmp_path, 2)


def test_workers_have_one_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "ITEMS_PER_WORKER", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    items = [Threads(f"item{n}", 8000, 10, (tmp_path / f"a/0/{n}.wav",)) for n in range(2)]
    assert render_items(items, tmp_path, 2).failed == 0
    assert os.environ["OMP_NUM_THREADS"] == "7"


@dataclass(frozen=True)
class Threads(Item):
    @classmethod
    def waves_of(cls, items):
        assert os.environ["OMP_NUM_THREADS"] == "1"
        return [[np.zeros(item.samples)] for item in items]


def test_a_killed_run_continues(tmp_path, repository):
    code = (
        f"import sys; sys.path[:0] = [{str(repository)!r}, {str(Path(__file__).parent)!r}]\n"
        "from pathlib import Path\nfrom test_rendering import tones, render_items\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "render_items(tones(folder, 20, **{f'tone{n}': 'waits' for n in range(20)}), folder, 1)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while process.poll() is None and not (tmp_path / "clean/0/1.flac").exists():
        time.sleep(0.02)
    process.kill()
    process.wait()
    (tmp_path / "noisy/0/.9.flac.77.tmp").write_bytes(b"half")
    done = render_items(tones(tmp_path, 20), tmp_path, 1)
    assert done.already_there >= 2 and done.made >= 1 and done.made + done.already_there == 20
    assert len(list(tmp_path.rglob("*.flac"))) == 40 and not list(tmp_path.rglob("*.tmp"))


def test_trips_are_bounded_in_number_and_length(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "SAMPLES_PER_TRIP", 250)
    items = tones(tmp_path, 5)
    assert [len(trip) for trip in rendering._trips(items, 3)] == [2, 2, 1]
    monkeypatch.setattr(rendering, "SAMPLES_PER_TRIP", 10)
    assert [len(trip) for trip in rendering._trips(items, 3)] == [1] * 5
    monkeypatch.setattr(rendering, "SAMPLES_PER_TRIP", 10**6)
    assert sum(rendering._trips(items, 3), []) == items and len(rendering._trips(items, 3)) == 2


def test_shares_are_all_rows_once():
    rows = list(range(11))
    assert share_of(rows, 1, None) == rows
    shares = [share_of(rows, 1, (job, 3)) for job in (1, 2, 3)]
    assert sorted(sum(shares, [])) == rows and shares[0] == [0, 3, 6, 9]
    for workers, part in ((0, None), (1, (0, 3)), (1, (4, 3))):
        with pytest.raises(UserError, match="at least 1|no job"):
            share_of(rows, workers, part)
