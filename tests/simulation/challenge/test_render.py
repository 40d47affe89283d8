import dataclasses
import hashlib

import numpy as np
import pytest
import yaml

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.render import render
from espnet_plugin.simulation.meta import CHALLENGE_COLUMNS, Row, write_meta

ROWS = 6
SAMPLES = 6000
STEPS = ["none", "clipping(min=0.1,max=0.9)", "packet_loss(packet_loss_indices=[3, 4],packet_duration_ms=20)"]


def write_list(folder, name, waves):
    lines = []
    for uid, (wave, rate_hz) in waves.items():
        write_audio(folder / name / f"{uid}.wav", wave, rate_hz)
        lines.append(f"{uid} {rate_hz} {name}/{uid}.wav\n")
    (folder / f"{name}.scp").write_text("".join(lines))


@pytest.fixture
def folder(tmp_path, shared_settings):
    """Lists, configuration and table of a small set."""
    random = np.random.default_rng(0)

    def wave(samples):
        return 0.2 * np.clip(random.standard_normal(samples), -3, 3)

    write_list(tmp_path, "speech", {f"utt{n}": (wave(SAMPLES), 16000) for n in range(3)})
    write_list(tmp_path, "noise", {"hum": (wave(2 * SAMPLES), 16000), "hiss": (wave(9000), 48000)})
    write_list(tmp_path, "wind", {"wind_noise_16000hz_0": (wave(9000), 16000)})
    write_list(tmp_path, "rirs", {"room": (wave(900) * np.exp(-np.arange(900) / 90), 48000)})
    lists = {
        "speech_scps": "speech", "noise_scps": "noise", "wind_noise_scps": "wind", "rir_scps": "rirs",
    }  # fmt: skip
    config = shared_settings | {key: [f"{name}.scp"] for key, name in lists.items()}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    write_table(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def shared_settings():
    """A configuration of the official form; only its lists matter to the renderer."""
    return {
        "speech_utt2spk": [], "speech_text": [], "log_dir": "log", "output_dir": "set", "store_noise": False,
        "seed": 0, "repeat_per_utt": 2, "snr_low_bound": -5.0, "snr_high_bound": 20.0,
        "wind_noise_snr_low_bound": -10.0, "wind_noise_snr_high_bound": 15.0, "prob_wind_noise": 0.0,
        "prob_reverberation": 0.5, "reuse_noise": True, "reuse_rir": True,
        "num_augmentations": {0: 0.5, 1: 0.5},
        "augmentations": {
            "clipping": {
                "weight": 1.0, "clipping_min_quantile": [0.0, 0.1], "clipping_max_quantile": [0.9, 1.0],
            },
        },
        "wind_noise_config": {
            "threshold": [0.1, 0.3], "ratio": [1, 20], "attack": [5, 100], "release": [5, 100],
            "sc_gain": [0.8, 1.2], "clipping_threshold": [0.85, 1.0], "clipping_chance": 0.75,
        },
    }  # fmt: skip


def write_table(folder, store_noise=False, **changes):
    rows = []
    for number in range(1, ROWS + 1):
        paths = [f"set/{kind}/0/fileid_{number}.flac" for kind in ("noisy", "clean", "noise")]
        row = Row(
            id=f"fileid_{number}",
            noisy_path=paths[0],
            clean_path=paths[1],
            speech_uid=f"utt{number % 3}",
            speech_sid="somebody",
            noise_uid=("hum", "hiss")[number % 2],
            snr_db=5.0,
            rir_uid=("room", "none")[number // 2 % 2],
            augmentation=STEPS[number % 3],
            rate_hz=16000,
            samples=SAMPLES,
            text="some words",
            noise_path=paths[2] if store_noise else None,
        )
        rows.append(dataclasses.replace(row, **changes))
    columns = [name for name in CHALLENGE_COLUMNS if store_noise or name != "noise_path"]
    write_meta(folder / "meta.tsv", rows, columns)


def rendered(folder, **options):
    done = render(folder / "config.yaml", folder / "meta.tsv", folder / "out", **options)
    return done.made, done.already_there, done.failed


def audio(folder):
    files = sorted((folder / "out").rglob("*.flac"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_row_becomes_a_pair_at_the_common_peak(folder):
    assert rendered(folder) == (ROWS, 0, 0)
    assert len(audio(folder)) == 2 * ROWS
    for number in range(1, ROWS + 1):
        paths = [folder / f"out/set/{kind}/0/fileid_{number}.flac" for kind in ("noisy", "clean")]
        assert all(audio_info(path) == (SAMPLES, 1, 16000) for path in paths)
        assert max(np.abs(read_audio(path)[0]).max() for path in paths) <= 0.9


def test_the_noise_is_stored_where_asked_for(folder):
    write_table(folder, store_noise=True, augmentation="none", rir_uid="none")
    assert rendered(folder) == (ROWS, 0, 0)
    for number in range(1, ROWS + 1):
        paths = [folder / f"out/set/{kind}/0/fileid_{number}.flac" for kind in ("noisy", "clean", "noise")]
        noisy, clean, noise = (read_audio(path)[0] for path in paths)
        np.testing.assert_allclose(noisy, clean + noise, atol=2 * 2**-15)


def test_a_rerun_renders_what_is_missing(folder):
    rendered(folder)
    before = audio(folder)
    (folder / "out/set/noisy/0/fileid_1.flac").unlink()
    cut = folder / "out/set/clean/0/fileid_2.flac"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    assert rendered(folder) == (2, ROWS - 2, 0)
    assert audio(folder) == before


def test_shares_and_workers_give_the_same_bytes(folder, monkeypatch):
    rendered(folder)
    before = audio(folder)
    monkeypatch.setattr("espnet_plugin.simulation.rendering.ITEMS_PER_WORKER", 1)
    for path in before:
        (folder / path).unlink()
    assert rendered(folder, part=(1, 4), processes=2) == (2, 0, 0)  # rows 1 and 5
    assert {path for path in audio(folder) if "_1." in path or "_5." in path} == set(audio(folder))
    assert rendered(folder, part=(2, 4)) == (2, 0, 0)
    assert rendered(folder) == (2, 4, 0)
    assert audio(folder) == before


def test_bad_sources_are_skipped_and_listed(folder, capsys):
    damaged = folder / "speech/utt1.wav"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"RIFF")
    assert rendered(folder, part=(1, 2)) == (2, 0, 1)
    assert (folder / "out/failed.1.txt").read_text().startswith("fileid_1\t")
    assert rendered(folder) == (2, 2, 2)
    assert "fileid_4 skipped" in capsys.readouterr().err
    assert not (folder / "out/failed.1.txt").exists()
    assert len((folder / "out/failed.txt").read_text().splitlines()) == 2
    damaged.write_bytes(whole)
    assert rendered(folder) == (2, 4, 0)
    assert not (folder / "out/failed.txt").exists()


def test_the_filter_can_be_left_out(folder):
    write_table(folder, augmentation="none", rir_uid="none")
    rendered(folder, high_pass=False)
    speech, clean = (
        read_audio(folder / path)[0][:, 0] for path in ("speech/utt1.wav", "out/set/clean/0/fileid_1.flac")
    )
    gain = np.dot(clean, speech) / np.dot(speech, speech)
    np.testing.assert_allclose(clean, gain * speech, atol=2**-15)


def test_mistakes_in_the_table_are_found_before_the_work(folder):
    write_table(folder, noise_uid="bang")
    with pytest.raises(UserError, match="fileid_1 names 'bang'"):
        rendered(folder)
    write_table(folder, augmentation="echo(delay=3)")
    with pytest.raises(UserError, match="fileid_1: unknown augmentation"):
        rendered(folder)
    write_table(folder)
    with pytest.raises(UserError, match="no job 3 of 2"):
        rendered(folder, part=(3, 2))
    assert not (folder / "out").exists()


def test_audio_of_another_table_is_not_mixed(folder):
    rendered(folder)
    write_table(folder, snr_db=7.0)
    with pytest.raises(UserError, match="belongs to another table"):
        rendered(folder)


def test_speech_of_another_length_is_not_used(folder):
    write_table(folder, samples=SAMPLES - 1)
    assert rendered(folder) == (0, 0, ROWS)
    assert "the table says 5999" in (folder / "out/failed.txt").read_text()
