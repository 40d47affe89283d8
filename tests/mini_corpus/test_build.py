import hashlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
import soundfile

from espnet_plugin.errors import UserError
from espnet_plugin.mini_corpus import rooms
from espnet_plugin.mini_corpus.build import build_corpus

pytest.importorskip("espeakng_loader")
pytest.importorskip("pyroomacoustics")

DRY = (0.15, 0.2)


@pytest.fixture(autouse=True)
def dry_rooms(monkeypatch):
    monkeypatch.setattr(rooms, "RT60_S", DRY)  # cheap


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "mini"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "RT60_S", DRY)
        assert build_corpus(folder, utterances=10)
    return folder


def content(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(path):
    return [line.split(" ", 2) for line in path.read_text(encoding="utf-8").splitlines()]


def test_lists_name_files_of_the_stated_rate(corpus):
    for split in ("train", "valid", "test"):
        for name in ("speech.scp", "noise.scp", "rirs.scp"):
            rows = lines(corpus / split / name)
            assert rows == sorted(rows)
            for _, rate_hz, path in rows:
                info = soundfile.info(corpus / split / path)
                assert (info.samplerate, info.channels, info.subtype) == (int(rate_hz), 1, "PCM_16")
                assert int(rate_hz) in (16000, 22050)


def test_every_utterance_has_speaker_text_and_language(corpus):
    for split in ("train", "valid", "test"):
        ids = [row[0] for row in lines(corpus / split / "speech.scp")]
        for name in ("utt2spk", "text", "utt2lang"):
            assert [row[0] for row in lines(corpus / split / name)] == ids
        assert {row[1] for row in lines(corpus / split / "utt2lang")} <= {"eng", "deu", "fra", "spa", "cmn"}


def test_the_same_seed_gives_the_same_bytes(corpus, tmp_path):
    build_corpus(tmp_path / "again", utterances=10)
    assert content(tmp_path / "again") == content(corpus)


def test_a_finished_corpus_is_left_alone(corpus):
    before = {path: path.stat().st_mtime_ns for path in corpus.rglob("*")}
    assert not build_corpus(corpus, utterances=10)
    assert {path: path.stat().st_mtime_ns for path in corpus.rglob("*")} == before


def test_other_settings_need_force(corpus, tmp_path):
    with pytest.raises(UserError, match="--force"):
        build_corpus(corpus, seed=1, utterances=10)
    other = shutil.copytree(corpus, tmp_path / "other")
    (other / "corpus.json").write_text((corpus / "corpus.json").read_text().replace('"seed": 0', '"seed": 1'))
    sorted(other.rglob("*.flac"))[0].write_bytes(b"of another seed")
    assert build_corpus(other, utterances=10, force=True)
    assert content(other) == content(corpus)


def test_a_killed_run_goes_on(corpus, tmp_path):
    out = tmp_path / "mini"
    code = (
        "import sys; from espnet_plugin.mini_corpus import build, rooms; "
        f"rooms.RT60_S = {DRY}; build.build_corpus(sys.argv[1], utterances=10)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(out)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(out.rglob("*.flac"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "train" / "speech.scp").exists()
    (out / "train" / "speech" / ".half.flac.123.tmp").write_bytes(b"half")
    # What a crash of the machine may leave: a file that is cut off.
    cut = sorted(out.rglob("*.flac"))[0]
    cut.write_bytes(cut.read_bytes()[:-100])
    assert build_corpus(out, utterances=10)
    assert content(out) == content(corpus)


def test_folders_of_others_are_not_touched(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "mine.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(UserError, match="another folder"):
            build_corpus(tmp_path, utterances=10, force=force)
    assert (tmp_path / "train" / "mine.txt").read_text() == "mine"


def test_too_few_utterances(tmp_path):
    with pytest.raises(UserError, match="at least 10"):
        build_corpus(tmp_path, utterances=9)
