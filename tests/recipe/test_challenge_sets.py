"""Stage 2 by the challenge's simulation, and where its sets come simulated from the hub."""

import numpy as np
import pytest
import yaml

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.config import load_config
from espnet_plugin.corpora.corpus import Item, Source
from espnet_plugin.corpora.lists import write_corpus_folder, write_evaluation_lists, write_train_lists
from espnet_plugin.corpora.ready_made import Pair
from espnet_plugin.errors import UserError
from espnet_plugin.recipe import ready_made_sets
from espnet_plugin.recipe.challenge_sets import place_lists, settings_of
from espnet_plugin.recipe.data_folder import format_data
from espnet_plugin.recipe.simulated_sets import simulate_sets


@pytest.fixture
def lists(tmp_path):
    """The lists of stage 1 for two utterances and two noises per set; no wind, no rooms."""
    random = np.random.default_rng(0)
    for name, part in (("train", "train"), ("valid", "validation"), ("test", "test")):
        sources = {"speech": [], "noise": [], "rir": [], "wind": []}
        for kind in ("speech", "noise"):
            for rate_hz in (8000, 48000):
                path = tmp_path / "audio" / f"{name}_{kind}_{rate_hz}.flac"
                write_audio(path, 0.1 * random.standard_normal(rate_hz // 2), rate_hz)
                item = Item(path.stem, path, speaker="anna", text="some words", language="zho")
                sources[kind].append(Source(item, "any", path, rate_hz, rate_hz // 2))
        write_corpus_folder(tmp_path / "corpus" / name, sources)
        if name == "train":
            write_train_lists(tmp_path / "my data" / "train_sources", sources)
        else:
            write_evaluation_lists(tmp_path / "my data" / "tmp" / part, part, sources)
    return tmp_path / "my data"


@pytest.fixture
def config(tmp_path, repository):
    """The official configurations without what needs ffmpeg."""
    folder = tmp_path / "conf"
    folder.mkdir()
    difference = {"num_augmentations": {0: 1.0, 1: 0.0, 2: 0.0, 3: 0.0}}
    for part in ("train", "validation"):
        base = str(repository / "conf" / "simulate" / f"urgent26_{part}.yaml")
        (folder / f"my_{part}.yaml").write_text(yaml.safe_dump({"base": base, **difference}))
    return folder / "my_train.yaml"


def test_each_set_has_its_configuration(config, repository):
    assert settings_of(config, "train")["reuse_rir"] and not settings_of(config, "valid")["reuse_rir"]
    # There is none for tests beside it.
    test, train = settings_of(config, "test"), settings_of(config, "train")
    official = settings_of(repository / "conf" / "simulate" / "urgent26_train.yaml", "test")
    assert test["reuse_rir"] and not official["reuse_rir"]
    lists = {key for key in test if test[key] != train[key]}
    assert len(lists) == 6 and all(test[key] == official[key] for key in lists)


def test_official_configurations(repository):
    train, validation, test = (
        load_config(repository / "conf" / "simulate" / f"urgent26_{part}.yaml")
        for part in ("train", "validation", "test")
    )
    assert train["augmentations"]["codec"]["config"][1]["encoder"] == ["vorbis", "opus"]
    assert validation["augmentations"]["codec"]["config"][1]["encoder"] == ["vorbis"]
    assert train["reuse_rir"] and not validation["reuse_rir"]
    assert {key for key in validation if validation[key] != test[key]} == {
        *("speech_scps", "speech_utt2spk", "speech_text", "noise_scps", "wind_noise_scps", "rir_scps"),
        *("output_dir", "log_dir"),
    }


def test_official_values(repository, shared):
    ours = load_config(repository / "conf" / "simulate" / "urgent26_train.yaml")
    official = yaml.safe_load((shared / "fixtures" / "simulation" / "simulation.yaml").read_text())
    assert set(ours) == set(official)
    # The fixture has its own lists and folders, more repetitions and more wind.
    changed = {"repeat_per_utt", "prob_wind_noise", "output_dir", "log_dir"}
    assert {key for key in ours if ours[key] != official[key]} == changed | {
        key for key in ours if key.startswith("speech_") or key.endswith("_scps")
    }


def test_lists_that_are_empty_are_not_asked_for(lists, config):
    settings = settings_of(config, "train")
    placed = place_lists(settings, lists)
    assert placed["speech_scps"] == [str(lists / "train_sources" / "speech_sources.scp")]
    assert placed["prob_wind_noise"] == 0 and placed["prob_reverberation"] == 1
    assert place_lists(settings, lists, {"reverberation_share"})["prob_reverberation"] == 0
    (lists / "train_sources" / "rirs.scp").write_text("room 48000 room.wav\n")
    assert place_lists(settings, lists)["prob_reverberation"] == 0.5


def test_from_lists_to_data_folders(lists, config, tmp_path, capsys):
    simulated, data = tmp_path / "simulated", tmp_path / "data"
    for _ in range(2):
        simulate_sets(tmp_path / "corpus", simulated, config, data_dir=lists)
    assert "2 files, 0 made now" in capsys.readouterr().out
    format_data(data, simulated, tmp_path / "corpus")
    for name in ("train", "valid", "test"):
        assert (data / name / "utt2lang").read_text() == "fileid_1 zho\nfileid_2 zho\n"
        assert (data / name / "utt2category").read_text() == "fileid_1 1ch_48000Hz\nfileid_2 1ch_8000Hz\n"
    path = (data / "train" / "wav.scp").read_text().split()[1]
    assert path.endswith("simulated/train/simulation_train/noisy/0/fileid_1.flac")
    wave, rate_hz = read_audio(path)
    assert wave.shape == (24000, 1) and rate_hz == 48000 and 0.1 < np.abs(wave).max() <= 0.9
    assert (data / "train" / "text").read_text().startswith("fileid_1 <not-available>\n")
    assert (data / "valid" / "text").read_text().startswith("fileid_1 some words\n")


def test_fixes_need_the_challenges_simulation(lists, tmp_path, repository):
    ours = repository / "conf" / "simulate" / "restoration.yaml"
    with pytest.raises(UserError, match="fixes go with the challenge's simulation"):
        simulate_sets(tmp_path / "corpus", tmp_path / "simulated", ours, fixes=["wind_level"])


def test_ready_made_sets(lists, tmp_path, monkeypatch, capsys):
    audio = sorted((tmp_path / "audio").glob("*speech*.flac"))

    def pairs(folder, part):
        assert folder.parent == tmp_path / "fetched" / "downloads"
        language = "spa" if part == "train" else ""
        reference = None if folder.name == "leaderboard_validation" else audio[0]
        return [Pair("fileid_7", audio[0], reference, language=language)]

    monkeypatch.setattr(ready_made_sets, "fetch", lambda name, folder: folder / name)
    monkeypatch.setattr(ready_made_sets, "pairs", pairs)
    simulated, data = tmp_path / "simulated", tmp_path / "data"
    for _ in range(2):
        ready_made_sets.fetch_sets(tmp_path / "fetched")
        simulate_sets(tmp_path / "fetched", simulated, "any.yaml")
    assert "(already done)" in capsys.readouterr().out
    format_data(data, simulated, tmp_path / "fetched")
    assert (data / "train" / "utt2lang").read_text() == "fileid_7 spa\n"
    assert (data / "valid" / "utt2lang").read_text() == "fileid_7 und\n"
    assert (data / "train" / "spk1.scp").read_text() == f"fileid_7 {audio[0]}\n"
    assert not (data / "test" / "spk1.scp").exists()
