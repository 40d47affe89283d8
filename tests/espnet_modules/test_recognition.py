import warnings

import numpy as np
import pytest
import torch
from espnet2.bin.s2t_inference import Speech2Text
from espnet2.tasks.s2t import S2TTask
from espnet2.tasks.s2t_ctc import S2TTask as CtcTask

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.model_folder import open_model
from espnet_plugin.espnet_modules.recognition import LanguageRecogniser, SpeechRecogniser
from tests.espnet_modules.hub_trees import OWSM, OWSM_CTC, build_tree

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def owsm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "owsm"
    build_tree(folder, S2TTask, OWSM, prefix="s2t_")
    return folder


@pytest.fixture(scope="module")
def owsm_ctc(tmp_path_factory):
    """(folder, network)"""
    folder = tmp_path_factory.mktemp("hub") / "owsm_ctc"
    return folder, build_tree(folder, CtcTask, OWSM_CTC, prefix="s2t_")


@pytest.fixture(scope="module")
def recognise(owsm):
    return SpeechRecogniser(owsm)


def wave_of(seconds, seed=0):
    samples = int(seconds * 16000)
    random = np.random.default_rng(seed)
    envelope = 0.1 * np.abs(np.sin(np.arange(samples) / 3000))
    return (envelope * random.standard_normal(samples)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.14, 1.0, 3.7])
def test_language_is_the_first_token_of_the_best_path(owsm_ctc, seconds):
    folder, network = owsm_ctc
    wave = wave_of(seconds)
    tokens = network.token_list
    speech = torch.from_numpy(wave)[None]
    prefix = torch.tensor([[tokens.index("<nolang>"), tokens.index("<asr>")]])
    before = torch.tensor([[tokens.index("<na>")]])
    with torch.no_grad():
        encoded, _ = network.encode(
            speech,
            torch.tensor([len(wave)]),
            before,
            torch.tensor([1]),
            prefix,
            torch.tensor([2]),
        )
        encoded = encoded[0] if isinstance(encoded, tuple) else encoded
        scores = encoded[0] @ network.ctc.ctc_lo.weight.T + network.ctc.ctc_lo.bias
    best = [tokens[number] for number in scores.argmax(dim=1).tolist() if tokens[number] != "<blank>"]
    expected = best[0].strip("<>") if best else ""
    assert LanguageRecogniser(folder)(wave) == expected


def test_nothing_recognised_is_no_language(tmp_path):
    folder = tmp_path / "owsm_ctc"
    build_tree(folder, CtcTask, OWSM_CTC, prefix="s2t_")
    favour(folder, "ctc.ctc_lo.bias", 0)  # blank
    assert LanguageRecogniser(folder)(wave_of(1.0)) == ""


@pytest.mark.parametrize(("seconds", "most_tokens"), [(0.1, 1), (1.3, 13), (30.0, 20)])
def test_short_speech_is_recognised_as_the_challenges_script_does(
    owsm, recognise, seconds, most_tokens, monkeypatch
):
    monkeypatch.setattr("espnet_plugin.espnet_modules.recognition.MOST_TOKENS", 20)
    wave = wave_of(seconds)
    # ESPnet's own loading, and the calls of the script.
    with open_model(owsm) as (config, weights):
        stock = Speech2Text(config, weights, beam_size=5, task_sym="<asr>", predict_time=False)
    stock.maxlenratio = -most_tokens
    padded = np.pad(wave, (0, 30 * 16000 - len(wave)))
    expected = stock(padded, "", lang_sym="<deu>", task_sym="<asr>")[0][-2]
    assert recognise(wave, "deu") == expected
    assert len(expected.split()) <= most_tokens and (expected or seconds < 1)


def test_long_speech_is_recognised_in_windows_with_times(recognise, monkeypatch):
    heard = []

    def decode_long(wave, **options):
        heard.append((len(wave), options, recognise._recogniser.maxlenratio))
        return [(0.0, 12.34, "guten tag"), (61.5, 3601.0, "und mehr")]

    monkeypatch.setattr(recognise._recogniser, "decode_long", decode_long)
    text = recognise(wave_of(30.001), "deu")
    assert text == (
        "[00:00:00.000 --> 00:00:12.340] guten tag\n[00:01:01.500 --> 01:00:01.000] und mehr"
    )
    assert heard == [(480016, {"lang_sym": "<deu>"}, -300)]


def test_long_speech_goes_through_the_real_windows(recognise, monkeypatch):
    monkeypatch.setattr("espnet_plugin.espnet_modules.recognition.MOST_TOKENS", 12)
    text = recognise(wave_of(31.0), "deu")
    assert text == "" or text.startswith("[00:00:")


def test_speech_without_times_falls_back_to_its_first_window(recognise, monkeypatch):
    def decode_long(*arguments, **options):
        raise IndexError("list index out of range")

    wave = wave_of(31.0)
    monkeypatch.setattr("espnet_plugin.espnet_modules.recognition.MOST_TOKENS", 20)
    expected = recognise(wave[: 30 * 16000], "eng")
    monkeypatch.setattr(recognise._recogniser, "decode_long", decode_long)
    assert recognise(wave, "eng") == expected


def test_languages_are_those_of_the_model(recognise):
    assert recognise.knows("zho") and not recognise.knows("xyz") and not recognise.knows("")


def test_a_folder_of_another_model_is_refused(owsm):
    with pytest.raises(UserError, match="not the configuration of a model"):
        LanguageRecogniser(owsm)


def test_the_usual_warnings_come_back(owsm_ctc):
    before = list(warnings.filters)
    LanguageRecogniser(owsm_ctc[0])
    assert warnings.filters == before


def favour(folder, name, position):
    """Let one entry of a bias outweigh everything."""
    path = folder / "exp" / "train_small_raw" / "valid.ave.pth"
    tensors = torch.load(path, weights_only=True)
    tensors[name][position] += 1000
    torch.save(tensors, path)
