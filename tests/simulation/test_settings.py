import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.settings import load_settings

from .conftest import CONFIGS


def test_the_released_ranges():
    settings, _ = load_settings(CONFIGS / "restoration.yaml")
    assert (
        settings.reverberation.probability
        == settings.clipping.probability
        == settings.bandwidth.probability
        == 0.5
    )
    assert settings.noise.probability == 1 and settings.noise.snr_db == (-5, 0, 5, 10, 15, 20)
    assert settings.clipping.min_quantile == (0, 0.1) and settings.clipping.max_quantile == (0.9, 1)
    assert settings.bandwidth.rates_hz == (4000, 6000, 8000, 10000, 12000, 14000)
    assert settings.bandwidth.low_pass.stopband_db == {"chebyshev2": 1, "elliptic": 40}
    assert settings.rate_hz == 16000


def test_the_paper_differs_in_three_places():
    settings, _ = load_settings(CONFIGS / "restoration_paper.yaml")
    assert settings.reverberation.probability == settings.bandwidth.probability == 0.7
    assert settings.noise.snr_db == (-10, -5, 0, 5, 10, 15, 20)
    assert settings.clipping.probability == 0.5


@pytest.mark.parametrize(
    "differences, message",
    [
        ({"noize": {}}, "unknown key 'noize'; did you mean 'noise'"),
        ({"noise": {"snr": [1]}}, "noise: unknown key 'snr'"),
        ({"bandwidth": {"low_pass": {"type": "bessel"}}}, "low_pass: unknown key 'type'"),
        ({"noise": {"snr_db": []}}, "at least one entry"),
        ({"noise": {"snr_db": ["loud"]}}, "must be a number"),
        ({"noise": None}, "the key noise is missing"),
        ({"noise": 3}, "expected keys with values"),
        ({"clipping": {"probability": 1.5}}, "between 0 and 1"),
        ({"clipping": {"min_quantile": [0.2, 0.1]}}, "in order"),
        ({"clipping": {"min_quantile": [0, 0.95]}}, "keep them apart"),
        ({"bandwidth": {"methods": ["sinc"]}}, "no 'sinc'; known: kaiser_best"),
        ({"bandwidth": {"rates_hz": [4000.5]}}, "whole number"),
        ({"bandwidth": {"low_pass": {"stopband_db": {"elliptic": -1}}}}, "above 0 dB"),
        ({"rate_hz": 16}, "at least 2000"),
        ({"repetitions": 0}, "at least 1"),
        ({"seed": True}, "whole number"),
    ],
)
def test_mistakes_are_named(config, differences, message):
    with pytest.raises(UserError, match=message):
        load_settings(config(**differences))
