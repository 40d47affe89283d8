"""The process with the model."""

import os

import numpy as np
import pytest
import soundfile

from espnet_plugin.errors import UserError
from espnet_plugin.serve.task import UPLOAD, Task
from espnet_plugin.serve.worker import Worker
from tests.serve.conftest import recording
from tests.serve.quick_model import QuickModel, choose_bad_model


def make_task(folder, content, level="keep"):
    folder.mkdir()
    (folder / UPLOAD).write_bytes(content)
    return Task(folder, "a.wav", {"level": level}, 60.0)


def ignore(*seconds):
    return None


def test_it_works_says_what_is_wrong_dies_and_comes_back(tmp_path):
    worker = Worker(QuickModel)
    try:
        about = worker.start()
        assert about.model == "semamba_pp" and about.device == "cpu"
        assert [option.name for option in about.options] == ["level", "highband"]
        process = worker._process.pid

        told = []
        result = worker.run(make_task(tmp_path / "one", recording()), lambda *seconds: told.append(seconds))
        assert told == [(0.0, 0.5), (0.25, 0.5), (0.5, 0.5)]
        before, after = (soundfile.read(path)[0] for path in (tmp_path / "one" / UPLOAD, result.path))
        np.testing.assert_allclose(after, before / 2, atol=2e-5)

        with pytest.raises(UserError, match="a.wav is no audio"):
            worker.run(make_task(tmp_path / "two", b"text"), ignore)
        assert worker._process.pid == process

        with pytest.raises(UserError, match="ran out of memory or crashed"):
            worker.run(make_task(tmp_path / "three", recording(), "match"), ignore)
        worker.run(make_task(tmp_path / "four", recording()), ignore)
        assert worker._process.pid != process

        with pytest.raises(UserError, match="crashed"):
            worker.run(
                make_task(tmp_path / "five", recording(), "peak"), lambda done, _: done and worker.kill()
            )
    finally:
        process = worker._process and worker._process.pid
        worker.stop()
    assert worker._process is None
    if process:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_model_that_cannot_be_loaded():
    worker = Worker(choose_bad_model)
    with pytest.raises(UserError, match="bad.pth cannot be read"):
        worker.start()
    assert worker._process is None
