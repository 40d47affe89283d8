import copy

import pytest
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.settings import is_challenge, load_challenge_settings

from ..conftest import CONFIGS
from .settings_of_the_challenge import challenge_settings

CONFIG = yaml.safe_load((CONFIGS / "urgent26_train.yaml").read_text())


def changed(place, value):
    """The official configuration with another value at a place such as `augmentations/codec/weight`."""
    config = inner = copy.deepcopy(CONFIG)
    *parents, last = place.split("/")
    for parent in parents:
        inner = inner[int(parent) if isinstance(inner, list) else parent]
    inner[last] = value
    return config


def load(tmp_path, config):
    path = tmp_path / "simulation.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return load_challenge_settings(path)


def test_the_official_training_set():
    settings, plain = load_challenge_settings(CONFIGS / "urgent26_train.yaml")
    ours = challenge_settings(output_dir=settings.output_dir)
    for name in vars(ours):
        assert name.endswith("_lists") or getattr(settings, name) == getattr(ours, name), name
    assert list(settings.steps) == ["bandwidth_limitation", "clipping", "codec", "packet_loss"]
    assert len(settings.all_lists) == 6 and plain == CONFIG


def test_validation_differs_in_rooms_and_codec():
    train, _ = load_challenge_settings(CONFIGS / "urgent26_train.yaml")
    settings, _ = load_challenge_settings(CONFIGS / "urgent26_validation.yaml")
    assert train.reuse_responses and not settings.reuse_responses
    assert [f.encoders for f in settings.steps["codec"].formats] == [(None,), ("vorbis",)]


def test_kinds_of_configuration_are_told_apart():
    assert is_challenge(CONFIGS / "urgent26_validation.yaml")
    assert not is_challenge(CONFIGS / "restoration.yaml")


def test_the_order_of_the_steps_is_that_of_the_file(tmp_path):
    config = changed("augmentations", dict(reversed(CONFIG["augmentations"].items())))
    settings, _ = load(tmp_path, config)
    assert list(settings.steps) == ["packet_loss", "codec", "clipping", "bandwidth_limitation"]


@pytest.mark.parametrize(
    "place, value, message",
    [
        ("noise_scp", ["a"], "unknown key 'noise_scp'"),
        ("augmentations/codek", {}, "augmentations: unknown key 'codek'; did you mean 'codec'"),
        ("augmentations/codec/wait", 1, "codec: unknown key 'wait'"),
        ("augmentations/codec/weight", 0, "weight must be above 0"),
        ("augmentations/codec/config", [], "at least one entry"),
        ("augmentations/codec/config/0/encoder", "opus", r"no codec \['opus'\] in mp3"),
        ("augmentations/codec/config/1/encoder", ["vorbis", "speex"], "in ogg; known"),
        ("augmentations/codec/config/1/qscale", [3, 3], "is empty"),
        ("augmentations/codec/config/1/qscale", [3.5, 4], "whole number"),
        ("augmentations/bandwidth_limitation/resample_methods", "scipy", "must be random"),
        ("augmentations/clipping/clipping_min_quantile", [0.2, 0.1], "in order, from 0 to 1"),
        ("augmentations/packet_loss/packet_loss_rate", 0.1, "must be two numbers"),
        ("augmentations/packet_loss/max_continuous_packet_loss", 1, "at least 2"),
        ("wind_noise_config/ratio", [0, 30], "in order, from 1 to 20"),
        ("wind_noise_config/clipping_chance", 2, "between 0 and 1"),
        ("num_augmentations", {0: 0.5, 1: 0.4}, "must add up to 1"),
        ("num_augmentations", {4: 1.0}, "whole numbers from 0 to 3, not 4"),
        ("snr_high_bound", -6.0, "snr_low_bound is above snr_high_bound"),
        ("snr_low_bound", None, "the key snr_low_bound is missing; see conf/simulate/urgent26_train.yaml"),
        ("reuse_noise", "yes", "must be true or false"),
        ("rir_scps", [], "name rir_scps, or set prob_reverberation to 0"),
        ("wind_noise_scps", None, "name wind_noise_scps, or set prob_wind_noise to 0"),
        ("repeat_per_utt", 0, "at least 1"),
        ("seed", True, "whole number"),
    ],
)
def test_mistakes_are_named(tmp_path, place, value, message):
    with pytest.raises(UserError, match=message):
        load(tmp_path, changed(place, value))
