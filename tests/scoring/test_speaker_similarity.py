import pickle

import numpy as np
import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from espnet_plugin.scoring.speaker_similarity import SpeakerSimilarity

pytest.importorskip("asteroid_filterbanks", reason="needs asteroid-filterbanks")

from espnet2.tasks.spk import SpeakerTask  # noqa: E402

from tests.espnet_modules.hub_trees import RAWNET3, build_tree  # noqa: E402

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def metric(tmp_path_factory):
    directory = tmp_path_factory.mktemp("weights")
    build_tree(directory / "rawnet3", SpeakerTask, RAWNET3)
    metric = SpeakerSimilarity(Setup(directory))
    assert metric.available() is None
    return metric


def test_equal_waves_are_one_and_the_same_speaker(metric, speech):
    wave = speech(1.0)
    assert metric.score(Item(wave, 16000, wave)) == pytest.approx((1.0,), abs=1e-6)


def test_cosine_of_the_two_embeddings(metric, speech, noisy):
    clean = speech(1.0)
    estimate = noisy(clean, 0)
    (similarity,) = metric.score(Item(estimate, 16000, clean))
    one, other = (metric._embed(wave).double().numpy() for wave in (estimate, clean))
    expected = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert similarity == pytest.approx(expected, abs=1e-6) and similarity < 0.9999


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_all_rates_are_brought_to_16_khz(metric, speech, noisy, rate_hz):
    import soxr

    clean = speech(1.0, rate_hz)
    estimate = noisy(clean, 5)
    low = [soxr.resample(wave, rate_hz, 16000) for wave in (estimate, clean)]
    expected = metric.score(Item(low[0], 16000, low[1]))
    assert metric.score(Item(estimate, rate_hz, clean)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("samples", [0, 1, 400, 714])
def test_too_short_files_have_no_value(metric, speech, samples):
    wave = speech(1.0)[5000 : 5000 + samples]
    with pytest.raises(Unscorable):
        metric.score(Item(wave, 16000, wave))


def test_shortest_and_silent_files_have_a_value(metric, speech):
    wave = speech(1.0)[5000:5715]
    for estimate in (wave, np.zeros_like(wave)):
        (similarity,) = metric.score(Item(estimate, 16000, wave))
        assert -1.000001 <= similarity <= 1.000001


def test_without_weights_it_is_unavailable(tmp_path):
    why = SpeakerSimilarity(Setup(tmp_path)).available()
    assert "rawnet3" in why.reason and why.remedy == "urgent26 weights --fetch SpkSim"


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_weights_with_code_are_refused(tmp_path, speech):
    build_tree(tmp_path / "rawnet3", SpeakerTask, RAWNET3)
    path = next(tmp_path.glob("rawnet3/**/*.pth"))
    path.write_bytes(pickle.dumps({"weight": Trap(tmp_path / "sprung")}, protocol=2))
    metric = SpeakerSimilarity(Setup(tmp_path))
    wave = speech(1.0)
    with pytest.raises(UserError, match="damaged or no model file"):
        metric.score(Item(wave, 16000, wave))
    assert not (tmp_path / "sprung").exists()
