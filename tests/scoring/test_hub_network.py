"""Networks from a hub folder: nothing random, nothing run, nothing changed around them."""

import pytest
import torch

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.hub_network import load_hub_network
from tests.scoring.tiny_checkpoints import write_hubert, write_phoneme_recogniser, write_unsafe

transformers = pytest.importorskip("transformers")


@pytest.fixture
def recogniser(tmp_path):
    write_phoneme_recogniser(tmp_path)
    return tmp_path


def test_it_computes_what_the_library_computes(recogniser):
    state = torch.get_rng_state()
    ours = load_hub_network(transformers.Wav2Vec2ForCTC, recogniser, "pytorch_model.bin")
    assert torch.equal(torch.get_rng_state(), state)
    assert not ours.training and not any(tensor.is_meta for tensor in ours.buffers())
    theirs = transformers.Wav2Vec2ForCTC.from_pretrained(recogniser, local_files_only=True)
    wave = torch.randn(1, 8000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(ours(wave).logits, theirs(wave).logits)


def test_a_missing_tensor_is_named(recogniser):
    state = torch.load(recogniser / "pytorch_model.bin", weights_only=True)
    del state["wav2vec2.encoder.layer_norm.bias"]
    torch.save(state, recogniser / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"does not fit its config.json: 1 tensors missing .*layer_norm.bias"):
        load_hub_network(transformers.Wav2Vec2ForCTC, recogniser, "pytorch_model.bin")


def test_too_few_layers_are_noticed(tmp_path):
    write_hubert(tmp_path)
    with pytest.raises(UserError, match="missing"):
        load_hub_network(transformers.HubertModel, tmp_path, "model.safetensors", num_hidden_layers=11)


def test_code_in_a_file_is_not_run(recogniser, capsys):
    write_unsafe(recogniser / "pytorch_model.bin")
    with pytest.raises(UserError, match="refused"):
        load_hub_network(transformers.Wav2Vec2ForCTC, recogniser, "pytorch_model.bin")
    assert "was run" not in capsys.readouterr().out
