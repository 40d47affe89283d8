from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.draw import draw, draw_rows
from espnet_plugin.simulation.challenge.source_lists import SourceList, SourceLists
from espnet_plugin.simulation.challenge.steps import RATES_HZ
from espnet_plugin.simulation.meta import read_meta

from .settings_of_the_challenge import challenge_settings


def make_lists(speech=8, noises=20, winds=6, rooms=5):
    def files(name, count, rates_hz=RATES_HZ):
        return SourceList({f"{name}{n}": (rates_hz[n % len(rates_hz)], "") for n in range(count)})

    return SourceLists(
        speech=files("speech", speech),
        noises=files("noise", noises, RATES_HZ[::-1]),
        wind_noises=files("wind_noise", winds, RATES_HZ[::-1]),
        responses=files("room", rooms, (48000,)),
        speaker_of={"speech0": "someone"},
        text_of={"speech0": "hello"},
        fingerprint="",
    )


def rows(settings=None, fixes=(), **counts):
    lists = make_lists(**counts)
    settings = settings or challenge_settings(repetitions=100)
    return list(draw_rows(settings, lists, dict.fromkeys(lists.speech, 40_000), fixes))


def test_the_official_table_byte_for_byte(shared, tmp_path):
    folder = shared / "fixtures" / "simulation"
    drawn = draw(folder / "simulation.yaml", tmp_path)
    assert drawn.files == 112 and drawn.left_out == 0
    assert (tmp_path / "meta.tsv").read_bytes() == (folder / "meta.tsv").read_bytes()


def test_the_official_table_from_its_own_folder(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(shared / "fixtures" / "simulation")
    draw("simulation.yaml", tmp_path)
    assert (tmp_path / "meta.tsv").read_bytes() == (shared / "fixtures/simulation/meta.tsv").read_bytes()


def test_rates_fall_and_utterances_keep_their_order():
    drawn = rows(challenge_settings(repetitions=2))
    assert [row.id for row in drawn] == [f"fileid_{n}" for n in range(1, 17)]
    assert [row.speech_uid for row in drawn[::2]] == [f"speech{n}" for n in (6, 5, 4, 3, 2, 1, 0, 7)]
    assert [row.rate_hz for row in drawn] == sorted((row.rate_hz for row in drawn), reverse=True)
    last = drawn[12]
    assert (last.speech_sid, last.text, last.noise_path) == ("someone", "hello", None)
    assert last.clean_path == "simulated/clean/0/fileid_13.flac"
    assert (drawn[0].speech_sid, drawn[0].text) == ("speech6", "<not-available>")


def test_shares():
    drawn = rows()
    wind = np.array([row.noise_uid.startswith("wind") for row in drawn])
    assert np.isclose(wind.mean(), 0.05, atol=0.03)
    assert np.isclose(np.mean([row.rir_uid != "none" for row in drawn]), 0.5, atol=0.07)
    snr_db = np.array([row.snr_db for row in drawn])
    assert -5 <= snr_db[~wind].min() < -4.5 and 19.5 < snr_db[~wind].max() <= 20
    assert -10 <= snr_db[wind].min() and snr_db[wind].max() <= 15
    steps = Counter(row.augmentation.count("/") - row.augmentation.endswith("/") for row in drawn)
    assert max(steps) == 3
    assert not any("clipping(min" in row.augmentation for row in drawn if row.noise_uid.startswith("wind"))


@pytest.mark.parametrize("parameter", [0.1, 0.9])
def test_the_fix_of_the_share_of_reverberation(parameter):
    settings = challenge_settings(repetitions=50, reverberation=parameter)
    share = np.mean([row.rir_uid != "none" for row in rows(settings)])
    fixed = np.mean([row.rir_uid != "none" for row in rows(settings, fixes=("reverberation_share",))])
    assert np.isclose(share, 1 - parameter, atol=0.08) and np.isclose(fixed, parameter, atol=0.08)
    none = rows(replace(settings, reverberation=0.0))
    assert {row.rir_uid for row in none} == {"none"}


def test_other_fixes_leave_the_draws_alone():
    settings = challenge_settings(repetitions=5)
    assert rows(settings, ("wind_level", "wind_clipping")) == rows(settings)


def test_what_is_used_up():
    settings = challenge_settings(repetitions=3, reuse_responses=False, reverberation=0.01)
    used = [row.rir_uid for row in rows(settings, rooms=5) if row.rir_uid != "none"]
    assert sorted(used) == [f"room{n}" for n in range(5)]
    with pytest.raises(UserError, match="no noise of 48000 Hz or more is left; add some, or set reuse_noise"):
        rows(replace(settings, reuse_noises=False, wind_probability=0.0), noises=1)
    with pytest.raises(UserError, match="no wind noise of 48000 Hz"):
        rows(challenge_settings(wind_probability=1.0), winds=0)


def test_the_place_of_stored_noise():
    row = rows(challenge_settings(store_noise=True, output_dir="."))[0]
    assert (row.noisy_path, row.noise_path) == ("noisy/0/fileid_1.flac", "noise/0/fileid_1.flac")


@pytest.fixture
def config(shared, tmp_path):
    """Writes the official configuration with differences."""

    def write(**differences):
        path = tmp_path / "simulation.yaml"
        base = shared / "fixtures" / "simulation" / "simulation.yaml"
        lists = {
            key: [str(base.parent / name) for name in names]
            for key, names in yaml.safe_load(base.read_text()).items()
            if key.endswith("scps") or key in ("speech_text", "speech_utt2spk")
        }
        path.write_text(yaml.safe_dump({"base": str(base), **lists, **differences}))
        return path

    return write


def test_again_is_nothing_and_other_settings_need_force(config, tmp_path):
    out = tmp_path / "set"
    assert draw(config(), out, repetitions=2).files == 28
    again = draw(config(), out, repetitions=2)
    assert again.already_there and again.files == 28
    with pytest.raises(UserError, match=r"other settings \(seed, fixes\); add --force"):
        draw(config(), out, repetitions=2, seed=1, fixes=["wind_level"])
    assert draw(config(), out, repetitions=2, fixes=["wind_level"], force=True).files == 28
    assert (out / "meta.tsv").read_text().startswith("# fixes: wind_level\nid\t")
    assert len(read_meta(out / "meta.tsv")) == 28
    assert draw(config(), out, repetitions=2, fixes=["wind_level"]).files == 28


def test_unreadable_speech_is_left_out_and_counted(config, shared, tmp_path, capsys):
    source = shared / "fixtures" / "simulation" / "src" / "utt12_48000.wav"
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    (tmp_path / "speech.scp").write_text(
        f"good 48000 {source}\nbroken 48000 broken.wav\nmissing 8000 missing.wav\nfalse_rate 16000 {source}\n"
    )
    path = config(speech_scps=[str(tmp_path / "speech.scp")])
    drawn = draw(path, tmp_path / "set", repetitions=3)
    assert (drawn.files, drawn.left_out) == (3, 3)
    assert {row.speech_uid for row in read_meta(tmp_path / "set" / "meta.tsv")} == {"good"}
    reasons = dict(line.split("\t") for line in (tmp_path / "set" / "left_out.txt").read_text().splitlines())
    assert set(reasons) == {"broken", "missing", "false_rate"}
    assert "3 of 4 utterances are left out" in capsys.readouterr().err


def test_mistakes_are_named(config, tmp_path):
    out = tmp_path / "set"
    with pytest.raises(UserError, match="nowhere.scp does not exist; prepare the corpora"):
        draw(config(noise_scps=["nowhere.scp"]), out)
    with pytest.raises(UserError, match="no fix 'wind'"):
        draw(config(), out, fixes=["wind"])
    with pytest.raises(UserError, match="at least 0"):
        draw(config(), out, seed=-1)
    (tmp_path / "empty.scp").write_text("")
    with pytest.raises(UserError, match="no speech to degrade"):
        draw(config(speech_scps=[str(tmp_path / "empty.scp")]), out)
    (tmp_path / "bad.scp").write_text("a 16000 a.wav\na 16k a.wav\n")
    with pytest.raises(UserError, match="line 2: expected 'id rate_hz path'"):
        draw(config(speech_scps=[str(tmp_path / "bad.scp")]), out)
    (tmp_path / "twice.scp").write_text("a 16000 a.wav\na 8000 a.wav\n")
    with pytest.raises(UserError, match="the id a comes twice"):
        draw(config(rir_scps=[str(tmp_path / "twice.scp")]), out)
    assert not out.exists()
