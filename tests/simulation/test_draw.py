import json
from collections import Counter

import numpy as np
import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.augmentation import parse_augmentations
from espnet_plugin.simulation.draw import draw
from espnet_plugin.simulation.meta import read_meta

from .conftest import make_corpus, speech_like, write_list


def drawn(config, corpus, out, **options):
    draw(config, corpus, out, **options)
    return read_meta(out / "meta.tsv")


def parameters(row):
    return row.noise_uid, row.snr_db, row.rir_uid, row.augmentation


def test_one_row_per_utterance_and_repetition(config, corpus, tmp_path):
    rows = drawn(config(), corpus, tmp_path / "set", repetitions=3)
    assert [row.id for row in rows] == [f"fileid_{n}" for n in range(1, 19)]
    assert rows[4].noisy_path == "noisy/0/fileid_5.flac" and rows[4].clean_path == "clean/0/fileid_5.flac"
    assert Counter(row.speech_uid for row in rows) == Counter([f"spk{i % 3}_{i:03d}" for i in range(6)] * 3)
    assert len({parameters(row) for row in rows}) > 12
    assert rows[0].text == "<not-available>" and rows[3].text == "text of spk1_001"
    assert rows[3].speech_sid == "spk1"


def test_lengths_are_those_at_the_rate_of_the_set(config, corpus, tmp_path):
    rows = drawn(config(), corpus, tmp_path / "set")
    assert {row.rate_hz for row in rows} == {16000}
    assert [row.samples for row in rows[:2]] == [9000, -(-9517 * 16000 // 22050)]


def test_the_table_depends_on_the_seed_alone(config, corpus, tmp_path):
    first = drawn(config(), corpus, tmp_path / "a", seed=1)
    assert drawn(config(), corpus, tmp_path / "b", seed=1) == first
    assert drawn(config(), corpus, tmp_path / "c", seed=2) != first


def test_more_utterances_leave_the_others_as_they_were(config, corpus, tmp_path):
    few = {row.speech_uid: parameters(row) for row in drawn(config(), corpus, tmp_path / "few")}
    many = drawn(config(), make_corpus(tmp_path / "more", utterances=9), tmp_path / "many")
    assert {row.speech_uid: parameters(row) for row in many if row.speech_uid in few} == few


def test_one_degradation_does_not_disturb_the_others(config, corpus, tmp_path):
    before = drawn(config(), corpus, tmp_path / "a")
    after = drawn(
        config(reverberation={"probability": 0}, clipping={"probability": 0}), corpus, tmp_path / "b"
    )
    assert all(row.rir_uid == "none" and "clipping" not in row.augmentation for row in after)
    assert [(r.noise_uid, r.snr_db) for r in before] == [(r.noise_uid, r.snr_db) for r in after]
    assert [r.augmentation.partition("lowpass")[2] for r in before] == [
        r.augmentation.partition("lowpass")[2] for r in after
    ]


def test_shares_and_ranges(config, corpus, tmp_path):
    rows = drawn(config(), corpus, tmp_path / "set", repetitions=200)
    augmentations = [{a.name: a.parameters for a in parse_augmentations(row.augmentation)} for row in rows]
    shares = [
        np.mean([row.rir_uid != "none" for row in rows]),
        np.mean(["clipping" in a for a in augmentations]),
        np.mean(["bandwidth_limitation" in a for a in augmentations]),
    ]
    assert np.allclose(shares, 0.5, atol=0.06)  # four standard deviations of 1200 draws
    assert set(Counter(row.snr_db for row in rows)) == {-5, 0, 5, 10, 15, 20}
    assert max(Counter(row.snr_db for row in rows).values()) < 1200 / 6 * 1.35
    low = [a["clipping"]["min"] for a in augmentations if "clipping" in a]
    high = [a["clipping"]["max"] for a in augmentations if "clipping" in a]
    assert (
        0 <= min(low) < 0.01 and 0.09 < max(low) <= 0.1 and 0.9 <= min(high) < 0.91 and 0.99 < max(high) <= 1
    )
    limited = [a for a in augmentations if "bandwidth_limitation" in a]
    assert len({a["bandwidth_limitation"]["rate_hz"] for a in limited}) == 6
    assert len({a["bandwidth_limitation"]["method"] for a in limited}) == 4
    assert len({(a["lowpass"]["type"], a["lowpass"]["order"]) for a in limited}) == 20
    for a in limited:
        assert list(a)[-2:] == ["lowpass", "bandwidth_limitation"]
        assert a["lowpass"]["cutoff_hz"] == a["bandwidth_limitation"]["rate_hz"] / 2
        assert ("ripple_db" in a["lowpass"]) == (a["lowpass"]["type"] in ("chebyshev1", "elliptic"))
        assert ("stopband_db" in a["lowpass"]) == (a["lowpass"]["type"] in ("chebyshev2", "elliptic"))


def test_low_rates_and_broken_files_are_left_out_and_counted(config, corpus, tmp_path, capsys):
    write_list(
        corpus,
        "speech",
        {"low": (speech_like(4000, 8000, 0), 8000), "good": (speech_like(9000, 16000, 0), 16000)},
    )
    (corpus / "broken.wav").write_bytes(b"no audio")
    with (corpus / "speech.scp").open("a") as file:
        file.write("broken 16000 broken.wav\nmissing 16000 missing.wav\nfalse_rate 22050 speech/good.flac\n")
    rows = drawn(config(), corpus, tmp_path / "set")
    assert [row.speech_uid for row in rows] == ["good"]
    reasons = dict(line.split("\t") for line in (tmp_path / "set" / "left_out.txt").read_text().splitlines())
    assert set(reasons) == {"low", "broken", "missing", "false_rate"}
    assert "never raised" in reasons["low"]
    assert "4 of 5 utterances are left out" in capsys.readouterr().err


def test_noise_of_a_lower_rate_is_never_drawn(config, corpus, tmp_path):
    rows = drawn(config(rate_hz=22050), corpus, tmp_path / "set", repetitions=20)
    assert {row.noise_uid for row in rows} == {"noise1", "noise3"}
    assert {row.rir_uid for row in rows} == {"none", "room1"}
    assert {row.speech_uid for row in rows} == {"spk1_001", "spk0_003", "spk2_005"}


def test_without_rooms_there_is_a_warning_and_no_reverberation(config, corpus, tmp_path, capsys):
    (corpus / "rirs.scp").unlink()
    rows = drawn(config(), corpus, tmp_path / "set")
    assert {row.rir_uid for row in rows} == {"none"}
    assert "no reverberation" in capsys.readouterr().err


def test_again_is_nothing_and_other_settings_need_force(config, corpus, tmp_path):
    out = tmp_path / "set"
    draw(config(), corpus, out)
    before = (out / "meta.tsv").stat().st_mtime_ns
    again = draw(config(), corpus, out)
    assert again.already_there and again.files == 6
    assert (out / "meta.tsv").stat().st_mtime_ns == before
    with pytest.raises(UserError, match=r"other settings \(seed\); add --force"):
        draw(config(), corpus, out, seed=7)
    with pytest.raises(UserError, match=r"other settings \(config\)"):
        draw(config(noise={"snr_db": [0]}), corpus, out)
    assert not draw(config(), corpus, out, seed=7, force=True).already_there
    assert json.loads((out / "settings.json").read_text())["seed"] == 7


def test_audio_of_others_is_not_removed(config, corpus, tmp_path):
    mine = tmp_path / "set" / "noisy" / "mine.wav"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(UserError, match="no part of a simulated set"):
        draw(config(), corpus, tmp_path / "set", force=True)
    assert mine.read_bytes() == b"mine"


def test_mistakes_are_named(config, corpus, tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        draw(config(), tmp_path / "nowhere", tmp_path / "set")
    with pytest.raises(UserError, match="has no speech.scp"):
        draw(config(), corpus / "speech", tmp_path / "set")
    with pytest.raises(UserError, match="at least 0"):
        draw(config(), corpus, tmp_path / "set", seed=-1)
    with pytest.raises(UserError, match="no usable speech"):
        draw(config(rate_hz=48000), corpus, tmp_path / "set")
    (corpus / "noise.scp").write_text("")
    with pytest.raises(UserError, match="no noise of 16000 Hz"):
        draw(config(), corpus, tmp_path / "set")
    (corpus / "noise.scp").write_text("noise 16k noise.wav\n")
    with pytest.raises(UserError, match="line 1: expected 'id rate_hz path'"):
        draw(config(), corpus, tmp_path / "set")
    assert not (tmp_path / "set").exists()
