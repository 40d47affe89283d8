import json

import numpy as np
import pytest
import soundfile

from espnet_plugin.corpora import prepare as module
from espnet_plugin.corpora.catalogue import CORPORA
from espnet_plugin.corpora.corpus import Item
from espnet_plugin.corpora.prepare import prepare
from espnet_plugin.errors import UserError
from tests.corpora.trees import write

NNCES, VCTK = CORPORA["nnces"], CORPORA["vctk"]


@pytest.fixture
def items(tmp_path):
    write(tmp_path / "full.wav", 44100)
    write(tmp_path / "narrow.wav", 44100, cutoff_hz=3700, channels=2)
    write(tmp_path / "low.wav", 11025)
    write(tmp_path / "music.mp3", 44100, cutoff_hz=10000)
    names = ("full.wav", "narrow.wav", "low.wav", "music.mp3")
    return [Item(name.split(".")[0], tmp_path / name) for name in names]


def rates(sources):
    return {source.uid: source.rate_hz for source in sources}


def test_each_file_gets_the_rate_of_its_content(tmp_path, items):
    sources, left_out = prepare(NNCES, items, tmp_path / "work")
    assert rates(sources) == {"full": 44100, "narrow": 8000, "low": 16000, "music": 22050} and not left_out
    for source in sources:
        info = soundfile.info(source.path)
        assert (info.samplerate, info.frames) == (source.rate_hz, source.samples)
    assert sources[0].path == items[0].path
    narrow = sources[1].path
    assert narrow.name == "narrow.wav" and narrow.parents[1] == tmp_path / "work" / "resampled" / "nnces"
    assert len(narrow.parent.name) == 3 and soundfile.info(narrow).subtype == "PCM_16"
    table = json.loads((tmp_path / "work" / "bandwidth" / "nnces.json").read_text())
    assert table["narrow"] == [str(items[1].path), pytest.approx(3700, abs=200)]


def test_a_known_bandwidth_is_believed(tmp_path, items):
    sources, _ = prepare(NNCES, items[:2], tmp_path / "work", {"full": 20000.0, "narrow": 7000.0})
    assert rates(sources) == {"full": 44100, "narrow": 16000}


def test_other_corpora_keep_their_rate(tmp_path, items):
    sources, _ = prepare(VCTK, items, tmp_path / "work")
    assert [source.path for source in sources] == [item.path for item in items]
    assert not (tmp_path / "work" / "bandwidth").exists()


def test_goes_on_where_it_stopped(tmp_path, items, monkeypatch):
    done = []
    real = module.prepare_file

    def noting(task):
        done.append(task.uid)
        if len(done) == 3:
            raise KeyboardInterrupt
        return real(task)

    monkeypatch.setattr(module, "prepare_file", noting)
    with pytest.raises(KeyboardInterrupt):
        prepare(NNCES, items, tmp_path / "work")
    with (tmp_path / "work" / "nnces.jsonl").open("a") as journal:
        journal.write('{"uid": "cut o')  # by a kill
    again, _ = prepare(NNCES, items, tmp_path / "work")
    assert done == ["full", "narrow", "low", "low", "music"]
    assert rates(again) == {"full": 44100, "narrow": 8000, "low": 16000, "music": 22050}
    del done[:]
    assert prepare(NNCES, items, tmp_path / "work")[0] == again and not done
    # A lost result and a changed source are made again, everything else is not.
    again[1].path.unlink()
    write(items[0].path, 44100, cutoff_hz=3700)
    third, _ = prepare(NNCES, items, tmp_path / "work")
    assert done == ["full", "narrow"] and rates(third)["full"] == 8000


def test_bad_files_are_left_out_with_a_reason_and_tried_again(tmp_path, items):
    bad = [Item(uid, tmp_path / f"{uid}.wav") for uid in ("text", "empty", "silent", "missing", "infinite")]
    bad[0].path.write_text("no audio")
    for item, wave in zip(bad[1:], ([], np.zeros(9000)), strict=False):
        soundfile.write(item.path, np.asarray(wave), 16000)
    soundfile.write(bad[4].path, np.full(900, np.inf), 16000, subtype="FLOAT")
    sources, left_out = prepare(NNCES, [*bad, items[0]], tmp_path / "work")
    assert [source.uid for source in sources] == ["full"] and set(left_out) == {item.uid for item in bad}
    assert "silent" in left_out["silent"] and "does not exist" in left_out["missing"]
    write(bad[3].path, 16000)
    sources, left_out = prepare(NNCES, [*bad, items[0]], tmp_path / "work")
    assert {source.uid for source in sources} == {"full", "missing"} and len(left_out) == 4


def test_verdicts_are_kept(tmp_path, items, monkeypatch):
    calls = []

    def verdict(wave, rate_hz, checks):
        calls.append((len(wave), rate_hz))
        return "noisy" if checks and rate_hz == 8000 else ""

    monkeypatch.setattr(module, "verdict", verdict)
    monkeypatch.setattr(module, "check_tools", lambda checks: None)
    for _ in range(2):
        sources, left_out = prepare(NNCES, items[:2], tmp_path / "work", checks=("speech",))
        assert left_out == {"narrow": "noisy"} and rates(sources) == {"full": 44100}
    assert len(calls) == 2 and calls[1][1] == 8000
    assert rates(prepare(NNCES, items[:2], tmp_path / "work")[0]) == {"full": 44100, "narrow": 8000}


def test_a_disk_that_cannot_be_written_ends_it(tmp_path, items, monkeypatch):
    def full(path, wave, rate_hz):
        raise UserError(f"{path} could not be written: No space left on device")

    monkeypatch.setattr(module, "write_audio", full)
    with pytest.raises(UserError, match="No space left"):
        prepare(NNCES, items, tmp_path / "work")


def test_many_files_over_processes(tmp_path):
    for number in range(220):
        write(tmp_path / f"{number}.wav", 16000, cutoff_hz=3000, seconds=0.02)
    items = [Item(str(number), tmp_path / f"{number}.wav") for number in range(220)]
    sources, _ = prepare(NNCES, items, tmp_path / "work", processes=2)
    assert [source.uid for source in sources] == [item.uid for item in items]
    assert all(source.path.is_file() for source in sources)


def test_shares_are_merged(tmp_path, items, monkeypatch):
    done = []
    real = module.prepare_file
    monkeypatch.setattr(module, "prepare_file", lambda task: done.append(task.uid) or real(task))
    for job in (3, 1, 2):
        prepare(NNCES, items, tmp_path / "work", part=(job, 3))
    assert sorted(done) == ["full", "low", "music", "narrow"]
    assert not (tmp_path / "work" / "bandwidth").exists()
    sources, _ = prepare(NNCES, items, tmp_path / "work")
    assert len(done) == 4 and [source.uid for source in sources] == [item.uid for item in items]
    assert sources == prepare(NNCES, items, tmp_path / "work")[0]
