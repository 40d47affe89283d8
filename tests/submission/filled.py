"""A README.yaml that is filled in, and small sets of recordings."""

import copy

import numpy as np

from espnet_plugin.audio.write import write_audio

RATES_HZ = (8000, 22050, 48000)

README = {
    "team": "Quiet",
    "team_email": "quiet@example.org",
    "team_members": {1: {"name": "A", "affiliation": "B"}, 2: {"name": "C", "affiliation": "D"}},
    "training_data": "as official",
    "use_additional_rirs": True,
    "additional_rir_info": {1: {"is_real": False, "source": "pyroomacoustics", "number_of_samples": 10}},
    "validation_data": "as official",
    "system_type": "discriminative",
    "model_architecture": "Mamba",
    "model_size": 2.66,
    "domain": "time-frequency",
    "loss_funcition": "L1",
    "data_augmentation": "none",
    "use_pretrained_models": False,
    "pretrained_models": None,
}


def readme(**changes):
    """The filled README.yaml with other values; a key whose value is `...` is left out."""
    content = {**copy.deepcopy(README), **changes}
    return {key: value for key, value in content.items() if value is not ...}


def make_sets(folder):
    """Six noisy FLAC files at three rates, and enhanced WAV files of the same sizes; id -> path of both."""
    random = np.random.default_rng(0)
    noisy, enhanced = {}, {}
    for number in range(6):
        name, rate_hz = f"fileid_{number}", RATES_HZ[number % 3]
        wave = random.uniform(-0.2, 0.2, 800 + 37 * number)
        noisy[name] = folder / "noisy" / f"{name}.flac"
        enhanced[name] = folder / "enhanced" / f"{name}.wav"
        write_audio(noisy[name], wave, rate_hz)
        write_audio(enhanced[name], 0.5 * wave, rate_hz, "FLOAT")
    return noisy, enhanced
