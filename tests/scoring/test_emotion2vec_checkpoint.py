"""The published file of emotion2vec: what is read, what is refused."""

import pytest
import torch

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.emotion2vec_checkpoint import read_emotion2vec
from tests.scoring.tiny_checkpoints import write_emotion2vec, write_unsafe


@pytest.fixture
def path(tmp_path):
    return tmp_path / "emotion2vec_base.pt"


@pytest.mark.parametrize("normalize", [True, False])
def test_whether_waves_are_normalised_stands_in_the_file(path, normalize):
    write_emotion2vec(path, normalize)
    network, found = read_emotion2vec(path)
    assert found is normalize
    assert not network.training and not any(tensor.requires_grad for tensor in network.parameters())


def test_without_a_configuration_they_are(path):
    write_emotion2vec(path)
    torch.save({"model": torch.load(path, weights_only=True)["model"]}, path)
    assert read_emotion2vec(path)[1] is True


def test_code_in_a_file_is_not_run(path, capsys):
    write_unsafe(path)
    with pytest.raises(UserError, match="refused"):
        read_emotion2vec(path)
    assert "was run" not in capsys.readouterr().out


def test_a_missing_tensor_is_named(path):
    write_emotion2vec(path)
    content = torch.load(path, weights_only=True)
    del content["model"]["blocks.1.mlp.fc2.bias"]
    torch.save(content, path)
    with pytest.raises(UserError, match=r"1 tensors missing \(layers.5.narrow.bias\)"):
        read_emotion2vec(path)


@pytest.mark.parametrize("content", [{"model": {}}, {"generator": {}}, [1], {"model": {"w": torch.ones(2)}}])
def test_other_files_are_refused(path, content):
    torch.save(content, path)
    with pytest.raises(UserError, match="no checkpoint of emotion2vec"):
        read_emotion2vec(path)


def test_half_a_file_is_refused(path):
    write_emotion2vec(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UserError, match="emotion2vec_base.pt"):
        read_emotion2vec(path)
