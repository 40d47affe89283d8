import numpy as np
import pytest
import torch
from espnet2.tasks.s2t_ctc import S2TTask as CtcTask

from espnet_plugin.scoring.language_identification import LanguageIdentification
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from tests.espnet_modules.hub_trees import OWSM_CTC, build_tree

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """A metric whose model hears German in everything."""
    directory = tmp_path_factory.mktemp("weights")
    network = build_tree(directory / "owsm_ctc_v4", CtcTask, OWSM_CTC, prefix="s2t_")
    path = next(directory.glob("owsm_ctc_v4/**/*.pth"))
    tensors = torch.load(path, weights_only=True)
    tensors["ctc.ctc_lo.bias"][network.token_list.index("<deu>")] += 1000
    torch.save(tensors, path)
    metric = LanguageIdentification(Setup(directory))
    assert metric.available() is None
    return metric


@pytest.mark.parametrize(
    ("language", "value"), [("deu", 1.0), ("<deu>", 1.0), ("eng", 0.0), ("de", 0.0), ("", 0.0)]
)
def test_one_if_the_language_is_recognised(german, speech, language, value):
    assert german.score(Item(speech(1.0), 16000, language=language)) == (value,)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_the_model_hears_16_khz(german, speech, rate_hz, monkeypatch):
    heard = []
    german.score(Item(speech(0.5), 16000, language="deu"))  # loads the model
    monkeypatch.setattr(german, "_recognise", lambda wave: heard.append(wave) or "deu")
    assert german.score(Item(speech(0.5, rate_hz), rate_hz, language="deu")) == (1.0,)
    assert len(heard[0]) == 8000 and heard[0].dtype == np.float32


def test_shortest_and_silent_files_have_a_value(german):
    assert german.score(Item(np.zeros(2240, np.float32), 16000, language="deu")) == (1.0,)


@pytest.mark.parametrize("samples", [0, 100, 2239])
def test_too_short_files_have_no_value(german, samples):
    with pytest.raises(Unscorable):
        german.score(Item(np.zeros(samples, np.float32), 16000, language="deu"))


def test_without_weights_it_is_unavailable(tmp_path):
    why = LanguageIdentification(Setup(tmp_path)).available()
    assert "owsm_ctc_v4" in why.reason and why.remedy == "urgent26 weights --fetch LID"
