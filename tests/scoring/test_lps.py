"""LPS on a tiny phoneme recogniser: decoding, formula, rates, odd files, missing weights."""

import dataclasses
import json

import numpy as np
import pytest
import soxr
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.lps import Lps, written
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from tests.scoring.tiny_checkpoints import VOCABULARY, write_phoneme_recogniser, write_unsafe

transformers = pytest.importorskip("transformers")

FOLDER = "wav2vec2-lv-60-espeak-cv-ft"
SYMBOLS = dict(enumerate(VOCABULARY))


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_phoneme_recogniser(folder / FOLDER)
    return folder


@pytest.fixture(scope="module")
def metric(weights_dir):
    return Lps(Setup(weights_dir))


def recognised(weights_dir, wave):
    network = transformers.Wav2Vec2ForCTC.from_pretrained(weights_dir / FOLDER, local_files_only=True)
    normalised = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
    with torch.inference_mode():
        numbers = network(torch.from_numpy(normalised)[None]).logits[0].argmax(-1).tolist()
    text, last = "", None
    for number in numbers:
        if number != last and number != 0:
            text += VOCABULARY[number]
        last = number
    return text


def plain_distance(first, second):
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


def test_formula_on_what_is_recognised(weights_dir, metric, speech, noisy):
    clean = speech(1.2)
    estimate = noisy(clean, 5)
    reference, heard = recognised(weights_dir, clean), recognised(weights_dir, estimate)
    assert len(set(reference)) > 3 and heard != reference
    expected = 1 - plain_distance(heard, reference) / len(reference)
    assert metric.score(Item(estimate, 16000, clean)) == (pytest.approx(expected),)
    assert metric.score(Item(clean, 16000, clean)) == (1,)
    assert metric.score(Item((0.1 * clean).astype(np.float32), 16000, clean))[0] > 0.9


def test_symbols_of_two_letters_count_as_two():
    assert written([8, 8, 0, 8, 4, 4, 9], SYMBOLS) == "aɪaɪntʃ"
    assert written([0, 0], SYMBOLS) == ""
    assert written([99, 98], SYMBOLS) == "<unk>"
    assert written([0, 1], {0: "a b", 1: "c"}) == "abc"


@given(numbers=st.lists(st.integers(0, len(VOCABULARY) - 1), min_size=1, max_size=30))
def test_decoding_is_that_of_the_library(numbers, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "vocab.json"
    if not path.exists():
        path.write_text(json.dumps({symbol: number for number, symbol in SYMBOLS.items()}), encoding="utf-8")
    try:
        tokenizer = transformers.Wav2Vec2PhonemeCTCTokenizer(str(path), do_phonemize=False)
    except ImportError:
        pytest.skip("this version of transformers wants phonemizer")
    assert written(numbers, SYMBOLS) == tokenizer.decode(numbers).replace(" ", "")


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_other_rates_are_resampled(metric, speech, noisy, rate_hz):
    clean = speech(0.5, rate_hz)
    estimate = noisy(clean, 5)
    down, reference = (soxr.resample(wave, rate_hz, 16000) for wave in (estimate, clean))
    assert metric.score(Item(estimate, rate_hz, clean)) == metric.score(Item(down, 16000, reference))


def test_short_and_silent_files(tmp_path, metric, speech):
    clean = speech(0.5)
    assert metric.score(Item(np.zeros(8000, np.float32), 16000, clean))[0] <= 1
    with pytest.raises(Unscorable, match="25 ms"):
        metric.score(Item(clean[:100], 16000, clean[:100]))
    write_phoneme_recogniser(tmp_path / FOLDER, blank_bias=1000)
    with pytest.raises(Unscorable, match="no phonemes"):
        Lps(Setup(tmp_path)).score(Item(clean, 16000, clean))


def test_missing_wrong_and_unsafe_weights(tmp_path, weights_dir, monkeypatch, speech):
    missing = Lps(Setup(tmp_path)).available()
    assert "config.json is not there" in missing.reason
    assert missing.remedy == "urgent26 weights --fetch LPS"
    assert "is not the file it should be" in Lps(Setup(weights_dir)).available().reason
    monkeypatch.setattr(Lps, "weights", dataclasses.replace(Lps.weights, files=()))
    assert Lps(Setup(weights_dir)).available() is None
    write_phoneme_recogniser(tmp_path / FOLDER)
    write_unsafe(tmp_path / FOLDER / "pytorch_model.bin")
    with pytest.raises(UserError, match="refused"):
        Lps(Setup(tmp_path)).score(Item(speech(0.3), 16000, speech(0.3)))
