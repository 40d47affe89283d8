"""Training on the challenge's mixtures, made while the clean speech is read."""

import pytest
import torch
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.train_stage import train

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def corpus(make_corpus):
    return make_corpus(48000)


@pytest.fixture(scope="module")
def degradation(repository, tmp_path_factory):
    """The challenge's simulation without what needs the program ffmpeg."""
    base = repository / "conf" / "simulate" / "urgent26_train.yaml"
    path = tmp_path_factory.mktemp("conf") / "urgent26_train.yaml"
    path.write_text(f"base: {base}\nnum_augmentations: {{0: 1.0, 1: 0.0, 2: 0.0, 3: 0.0}}\n")
    return path


def weights(exp_dir):
    return torch.load(exp_dir / "model.pth", weights_only=True)


def test_workers_change_nothing(clean_only, corpus, degradation, toy_config, tmp_path):
    options = {"degradation": degradation, "corpus_dir": corpus}
    config = toy_config(max_epoch=1)
    for workers in (0, 2):
        train(config, *clean_only, tmp_path / f"exp{workers}", num_workers=workers, **options)
    one, other = weights(tmp_path / "exp0"), weights(tmp_path / "exp2")
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_network_that_follows_the_rate(clean_only, corpus, degradation, repository, tmp_path, monkeypatch):
    from espnet_plugin.espnet_modules.stock_model import StockModel

    seen = []
    real = StockModel.compare

    def noting(self, speech_mix, speech_ref1, **others):
        seen.append((self.training, tuple(speech_mix.shape), others["utt2fs"].flatten().tolist()))
        return real(self, speech_mix, speech_ref1, **others)

    monkeypatch.setattr(StockModel, "compare", noting)
    base = str(repository / "conf" / "train" / "baselines" / "bsrnn_urgent26.yaml")
    small = {"separator_conf": {"num_channels": 4, "num_layers": 1}, "segment_samples": 9600, "batch_size": 2}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"base": base, **small, "max_epoch": 1, "use_tensorboard": False}))
    train(config, *clean_only, tmp_path / "exp", num_workers=0, degradation=degradation, corpus_dir=corpus)
    # Four utterances for training and two for validation, of 16 and 22.05 kHz in turn; 0.2 s of each.
    shapes = {(2, 3200): [16000, 16000], (2, 4410): [22050, 22050]}
    assert sorted(shape for train, shape, _ in seen if train) == sorted(shapes)
    assert all(rates == shapes[shape] for train, shape, rates in seen if train)
    assert sorted((shape, rates) for train, shape, rates in seen if not train) == [
        *(((1, 3200), [16000]), ((1, 4410), [22050]))
    ]


@pytest.mark.parametrize(
    "difference, words",
    [
        ({"batch_by_rate": True}, "semamba_pp works at one rate"),
        ({"degradation_fixes": ["loudness"]}, "no fix 'loudness'"),
    ],
)
def test_mistakes_are_one_line(clean_only, corpus, degradation, toy_config, tmp_path, difference, words):
    config = toy_config(max_epoch=1, **difference)
    with pytest.raises(UserError, match=words):
        train(config, *clean_only, tmp_path / "exp", degradation=degradation, corpus_dir=corpus)


def test_our_degradations_have_one_rate(clean_only, corpus, repository, tmp_path):
    base = str(repository / "conf" / "train" / "baselines" / "bsrnn_urgent26.yaml")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"base": base, "separator_conf": {"num_channels": 4, "num_layers": 1}}))
    ours = repository / "conf" / "simulate" / "restoration.yaml"
    with pytest.raises(UserError, match="batch_by_rate needs degradations of the challenge"):
        train(config, *clean_only, tmp_path / "exp", degradation=ours, corpus_dir=corpus)
