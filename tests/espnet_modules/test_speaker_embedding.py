import numpy as np
import pytest
import torch

from espnet_plugin.errors import UserError
from tests.espnet_modules.hub_trees import RAWNET3, build_tree

pytest.importorskip("asteroid_filterbanks", reason="needs asteroid-filterbanks")

from espnet2.tasks.spk import SpeakerTask  # noqa: E402

from espnet_plugin.espnet_modules.speaker_embedding import SpeakerEmbedding  # noqa: E402

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """(folder, network)"""
    folder = tmp_path_factory.mktemp("hub") / "rawnet3"
    return folder, build_tree(folder, SpeakerTask, RAWNET3)


def wave_of(samples, seed=0):
    random = np.random.default_rng(seed)
    return (0.1 * random.standard_normal(samples) * np.hanning(samples)).astype(np.float32)


@pytest.mark.parametrize("samples", [715, 16000, 40001])
def test_embedding_is_that_of_espnet_202412(tree, samples):
    folder, network = tree
    wave = wave_of(samples)
    with torch.no_grad():
        frames = network.encode_frame(network.extract_feats(torch.from_numpy(wave)[None])[0])
        x = frames[0].double().numpy()  # (channels, frames)
        deviation = np.sqrt(np.clip(x.var(axis=1, ddof=1), 1e-4, 1e4))
        context = np.concatenate([x, np.tile(x.mean(axis=1), (x.shape[1], 1)).T])
        context = np.concatenate([context, np.tile(deviation, (x.shape[1], 1)).T])
        scores = network.pooling.attention(torch.from_numpy(context).float()[None])[0].double().numpy()
        weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        mean = (weights * x).sum(axis=1)
        spread = np.sqrt(np.clip((weights * x**2).sum(axis=1) - mean**2, 1e-4, 1e4))
        pooled = torch.from_numpy(np.concatenate([mean, spread])).float()[None]
        expected = network.projector(pooled)[0]
    torch.testing.assert_close(SpeakerEmbedding(folder)(wave), expected, rtol=1e-4, atol=1e-5)


def test_the_callers_array_and_gradients_stay(tree):
    wave = wave_of(8000)
    before = wave.copy()
    wave.flags.writeable = False
    SpeakerEmbedding(tree[0])(wave[::-1])
    assert torch.is_grad_enabled() and np.array_equal(wave, before)


def test_weights_of_another_model_are_refused(tree, tmp_path):
    folder = tmp_path / "rawnet3"
    build_tree(folder, SpeakerTask, RAWNET3)
    path = folder / "exp" / "train_small_raw" / "valid.ave.pth"
    tensors = torch.load(path, weights_only=True)
    del tensors["projector.fc.weight"]
    torch.save(tensors, path)
    with pytest.raises(UserError, match="1 missing .first: projector.fc.weight."):
        SpeakerEmbedding(folder)
