"""What a start costs, counted in imports, as seconds depend on the machine."""

import numpy as np
import pytest
import soundfile

from espnet_plugin.benchmark.start_up import NOT_NEEDED, StartUp, start_up
from espnet_plugin.pretrained.load import save_safetensors
from tests.export.tiny import SIZES, tiny_network


@pytest.mark.parametrize("verb", ["enhance", "bench", "export"])
def test_help_imports_next_to_nothing(verb):
    found = start_up(verb, "--help")
    assert found.status == 0
    assert not {"torch", "numpy", "yaml", "soundfile", "scipy", "tqdm"} & set(found.modules)
    assert len(found.modules) < 200  # 0.1 s; torch alone has 800


def test_the_first_second_of_audio_imports_no_more_than_it_needs(tmp_path):
    save_safetensors(tmp_path / "model.safetensors", SIZES, tiny_network().state_dict())
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000)
    soundfile.write(tmp_path / "noisy.wav", noise, 16000)
    checkpoint = ("--checkpoint", tmp_path / "model.safetensors", "--device", "cpu")
    found = start_up("enhance", tmp_path / "noisy.wav", "-o", tmp_path / "clean.wav", *checkpoint)
    assert found.status == 0 and (tmp_path / "clean.wav").is_file()
    assert "torch" in found.modules
    assert found.not_needed == []
    assert len(found.modules) < 2500


def test_what_is_not_needed_is_seen():
    assert StartUp(0, 1.0, ("json", NOT_NEEDED[0])).not_needed == [NOT_NEEDED[0]]
