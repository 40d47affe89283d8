import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.challenge.distortion import parse_distortions
from espnet_plugin.simulation.challenge.steps import RATES_HZ, PacketLoss

from .settings_of_the_challenge import challenge_settings

STEPS = challenge_settings().steps


@given(
    name=st.sampled_from(sorted(STEPS)),
    rate_hz=st.sampled_from(RATES_HZ),
    length_s=st.floats(0.001, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_text_of_any_draw_can_be_read(name, rate_hz, length_s, seed):
    text = STEPS[name].draw(np.random.RandomState(seed), rate_hz, max(1, int(length_s * rate_hz)))
    (distortion,) = parse_distortions(text)
    assert distortion.name == name


def test_bandwidth_goes_to_a_lower_rate_by_any_method():
    random = np.random.RandomState(0)
    drawn = {STEPS["bandwidth_limitation"].draw(random, 22050, 1) for _ in range(200)}
    assert len(drawn) == 4 * 2 and "bandwidth_limitation-polyphase->16000" in drawn
    assert STEPS["bandwidth_limitation"].draw(random, 8000, 1) == "bandwidth_limitation-none->8000"


def test_the_upper_bound_of_the_quality_is_excluded():
    random = np.random.RandomState(0)
    drawn = {STEPS["codec"].draw(random, 16000, 1) for _ in range(1000)}
    qualities = {encoder: set() for encoder in ("None", "vorbis", "opus")}
    for text in drawn:
        (distortion,) = parse_distortions(text)
        qualities[str(distortion.parameters["encoder"])].add(distortion.parameters["qscale"])
    assert qualities == {
        "None": set(range(1, 10)),
        "vorbis": set(range(-1, 10)),
        "opus": set(range(-1, 10)),
    }


def lost(step, samples, rate_hz, seed):
    (distortion,) = parse_distortions(step.draw(np.random.RandomState(seed), rate_hz, samples))
    return distortion.parameters["packet_loss_indices"]


@pytest.mark.parametrize("seed", range(5))
def test_the_real_loss_is_below_the_drawn_one(seed):
    shares = [len(lost(STEPS["packet_loss"], 80_000, 16000, 1000 * seed + n)) / 250 for n in range(200)]
    assert 0.13 < np.mean(shares) < 0.155 and max(shares) <= 0.25


def test_short_speech_loses_nothing():
    assert lost(STEPS["packet_loss"], 159, 8000, 0) == []
    assert lost(PacketLoss(1.0, 20, (0.0, 0.0), 10), 80_000, 16000, 0) == []
