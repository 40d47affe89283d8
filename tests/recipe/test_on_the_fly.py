"""Training speech that the training degrades itself: not rendered, and listed clean."""

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.data_folder import format_data
from espnet_plugin.recipe.data_statistics import make_statistics
from espnet_plugin.recipe.simulated_sets import simulate_sets


@pytest.fixture
def corpus(tmp_path):
    random = np.random.default_rng(0)
    for split in ("train", "valid", "test"):
        folder = tmp_path / "corpus" / split
        for kind in ("speech", "noise", "rirs"):
            write_audio(folder / f"{kind}.flac", 0.2 * random.standard_normal(8000), 16000)
            (folder / f"{kind}.scp").write_text(f"{split}_{kind} 16000 {kind}.flac\n")
        (folder / "utt2lang").write_text(f"{split}_speech deu\n")
        (folder / "utt2spk").write_text(f"{split}_speech anna\n")
    return tmp_path / "corpus"


def test_only_the_other_sets_are_rendered(corpus, repository, tmp_path):
    pytest.importorskip("resampy")
    config = repository / "conf" / "simulate" / "restoration.yaml"
    simulated, data = tmp_path / "simulated", tmp_path / "data"
    simulate_sets(corpus, simulated, config, on_the_fly=True)
    assert sorted(path.name for path in simulated.iterdir()) == ["test", "valid"]
    format_data(data, simulated, corpus, on_the_fly=True)
    lists = {path.name: path.read_text() for path in (data / "train").glob("*") if path.is_file()}
    assert lists["wav.scp"] == lists["spk1.scp"] == f"train_speech {corpus / 'train' / 'speech.flac'}\n"
    assert lists["utt2lang"] == "train_speech deu\n" and lists["utt2spk"] == "train_speech anna\n"
    assert "noisy" in (data / "valid" / "wav.scp").read_text()
    make_statistics(data, simulated, tmp_path / "statistics")
    assert (tmp_path / "statistics" / "train" / "speech_shape").read_text() == "train_speech 8000\n"
    # Rendered pairs afterwards would silently be another data set.
    simulate_sets(corpus, simulated, config)
    with pytest.raises(UserError, match="made with other settings.*--force"):
        format_data(data, simulated, corpus)


def test_a_missing_corpus_names_the_stage(tmp_path):
    with pytest.raises(UserError, match="speech.scp does not exist; run stage 1"):
        format_data(tmp_path / "data", tmp_path, tmp_path / "corpus", on_the_fly=True)
