"""Several processes: the same bytes for any number and order, and one that dies takes nobody with it."""

import os
import random

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.enhance.files import Summary, run_jobs
from espnet_plugin.enhance.inputs import find_recordings
from espnet_plugin.enhance.plan import plan_jobs
from espnet_plugin.enhance.runner import InThisProcess
from espnet_plugin.enhance.workers import Workers
from espnet_plugin.errors import UserError
from tests.enhance.halver import Halver


class Deadly(Halver):
    """Ends its process at a recording of 666 samples."""

    def stream(self, source, *arguments, **options):
        if source.samples == 666:
            os._exit(9)
        return super().stream(source, *arguments, **options)


class Stub:
    """Stands for a model that is loaded by every process."""

    def load(self):
        return Deadly()


class Broken:
    def load(self):
        raise UserError("no such model")


@pytest.fixture
def folder(tmp_path):
    for number in range(7):
        wave = 0.1 * np.random.default_rng(number).standard_normal((500 + 900 * number, 2)).astype(np.float32)
        write_audio(tmp_path / "in" / f"{number}.ogg", wave, 16000)
    return tmp_path / "in"


def enhance(runner, folder, out, order=None):
    jobs, _ = plan_jobs(find_recordings([folder]), out)
    random.Random(order).shuffle(jobs)
    summary = Summary()
    run_jobs(runner, jobs, summary, progress=False)
    return summary, {path.name: path.read_bytes() for path in out.iterdir()}


def test_number_and_order_change_nothing_and_a_death_is_one_error(folder, tmp_path):
    one, expected = enhance(InThisProcess(Deadly), folder, tmp_path / "one")
    assert len(one.of("enhanced")) == 7 and one.memory_gib > 0.01
    two, found = enhance(Workers(2, Stub()), folder, tmp_path / "two", order=1)
    assert found == expected and len(two.of("enhanced")) == 7 and two.memory_gib > 0.01

    write_audio(folder / "deadly.wav", np.zeros(666, np.float32), 16000)
    summary, found = enhance(Workers(2, Stub()), folder, tmp_path / "three", order=2)
    (failed,) = summary.of("failed")
    assert found == expected
    assert "deadly.wav: its process died (exit code 9)" in failed.reason and "--jobs" in failed.reason


def test_a_model_that_cannot_be_loaded(folder, tmp_path):
    with pytest.raises(UserError, match="no such model"):
        enhance(Workers(2, Broken()), folder, tmp_path / "out")


def test_an_interruption_ends_all_processes_and_leaves_whole_files(folder, tmp_path):
    jobs, _ = plan_jobs(find_recordings([folder]), tmp_path / "out")
    workers = Workers(2, Slow())
    with pytest.raises(KeyboardInterrupt), workers:
        list(workers.outcomes(jobs, interrupt))
    assert not list(tmp_path.glob("out/.*.tmp"))


class Slow:
    def load(self):
        return Halver(block_s=0.2)


def interrupt(audio_s):
    """As Ctrl-C between two messages of the processes."""
    raise KeyboardInterrupt
