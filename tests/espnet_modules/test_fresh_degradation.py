"""Training on clean speech that is degraded while it is read, and from the weights of another model."""

import pytest
import torch

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.fresh_degradation import fresh_degradation
from espnet_plugin.espnet_modules.train_stage import train

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def corpus(make_corpus):
    return make_corpus(16000)


@pytest.fixture(scope="module")
def degradation(repository):
    return repository / "conf" / "simulate" / "restoration.yaml"


def weights(exp_dir):
    return torch.load(exp_dir / "model.pth", weights_only=True)


def test_workers_and_interruptions_change_nothing(clean_only, corpus, degradation, toy_config, tmp_path):
    options = {"degradation": degradation, "corpus_dir": corpus}
    config = toy_config(max_epoch=2)
    train(config, *clean_only, tmp_path / "straight", num_workers=2, **options)
    train(toy_config(max_epoch=1), *clean_only, tmp_path / "resumed", num_workers=0, **options)
    train(config, *clean_only, tmp_path / "resumed", num_workers=0, **options)
    one, other = weights(tmp_path / "straight"), weights(tmp_path / "resumed")
    assert all(torch.equal(one[key], other[key]) for key in one)
    options["degradation"] = degradation.with_name("restoration_paper.yaml")
    with pytest.raises(UserError, match="another configuration .degradation.; use --force"):
        train(config, *clean_only, tmp_path / "resumed", **options)


def test_training_starts_from_given_weights(trained, pairs, toy_config, tmp_path):
    still = toy_config(max_epoch=1, optim_conf={"lr": 0.0, "weight_decay": 0.0})
    train(still, *pairs, tmp_path / "exp", num_workers=0, init=str(trained))
    before, after = weights(trained), weights(tmp_path / "exp")
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_weights_of_another_network_are_refused(trained, pairs, toy_config, tmp_path):
    wider = toy_config(max_epoch=1, separator_conf={"channels": 8})
    with pytest.raises(UserError, match="does not fit the model"):
        train(wider, *pairs, tmp_path / "exp", num_workers=0, init=str(trained))
    with pytest.raises(UserError, match="nowhere.*does not exist"):
        train(toy_config(), *pairs, tmp_path / "exp2", num_workers=0, init=str(tmp_path / "nowhere.pth"))


def test_where_the_degradations_are_found(repository, corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {"degradation": "conf/simulate/restoration.yaml"}
    train_config = repository / "conf" / "train" / "semamba_pp.yaml"
    found = fresh_degradation(config, train_config, corpus_dir=corpus)
    assert found.settings == (repository / config["degradation"]).resolve()
    assert found.corpus == corpus / "train"
    assert set(found.lists()) == {"corpus/noise.scp", "corpus/rirs.scp"}
    assert fresh_degradation({"degradation": None}, train_config) is None
    with pytest.raises(UserError, match="--corpus_dir"):
        fresh_degradation(config, train_config)
    with pytest.raises(UserError, match="run stage 1"):
        fresh_degradation(config, train_config, corpus_dir=tmp_path / "none")
    with pytest.raises(UserError, match="other.yaml does not exist"):
        fresh_degradation({"degradation": "other.yaml"}, train_config, corpus_dir=corpus)
