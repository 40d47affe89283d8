"""Packs and model files: ESPnet's own loader takes them, ours refuses what does not fit."""

import functools
import shutil
import zipfile

import numpy as np
import pytest
import torch
import yaml

from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet


@pytest.fixture(scope="module")
def strict():
    from espnet_plugin.espnet_modules.inference import SeparateSpeech

    return SeparateSpeech


@pytest.fixture
def wave():
    return np.random.default_rng(0).standard_normal((1, 5037)).astype(np.float32)


@pytest.fixture
def zoo_cache(tmp_path, monkeypatch):
    """Makes the model zoo unpack below ``tmp_path``."""
    from espnet_model_zoo.downloader import ModelDownloader

    with_cache = functools.partialmethod(ModelDownloader.__init__, cachedir=tmp_path)
    monkeypatch.setattr(ModelDownloader, "__init__", with_cache)


@pytest.mark.usefixtures("zoo_cache")
@pytest.mark.filterwarnings("ignore:Expanding a local model")
def test_stock_espnet_loads_the_pack_and_gives_the_same(packed, trained, strict, wave):
    from espnet2.bin.enh_inference import SeparateSpeech as Stock

    stock = Stock.from_pretrained(str(packed))
    assert type(stock) is Stock
    (restored,) = stock(wave, fs=16000)
    assert restored.shape == wave.shape and np.isfinite(restored).all() and restored.any()
    (ours,) = strict(trained / "config.yaml", trained / "model.pth")(wave, fs=16000)
    np.testing.assert_array_equal(ours, restored)
    np.testing.assert_array_equal(strict.from_pretrained(str(packed))(wave, fs=16000)[0], restored)


def test_pack_holds_no_local_paths(packed, pairs):
    with zipfile.ZipFile(packed) as archive:
        texts = ["README.md", "config.yaml", "meta.yaml"]
        assert sorted(archive.namelist()) == [*texts[:2], "images/training_curve.png", "meta.yaml", "model.pth"]
        for name in texts:
            text = archive.read(name).decode()
            assert str(pairs[0].parent) not in text and "/tmp" not in text
        assert yaml.safe_load(archive.read("meta.yaml"))["files"] == {"model_file": "model.pth"}


def test_pack_is_not_overwritten(packed, trained, tmp_path):
    from espnet_plugin.pretrained.zoo_pack import pack_experiment

    with pytest.raises(UserError, match="exists.*--force"):
        pack_experiment(trained, packed)
    with pytest.raises(UserError, match="must end with .zip"):
        pack_experiment(trained, tmp_path / "x.tar")
    with pytest.raises(UserError, match="model.pth does not exist"):
        pack_experiment(tmp_path, tmp_path / "x.zip")


def test_renamed_tensors_are_refused(trained, strict, tmp_path):
    states = torch.load(trained / "model.pth", weights_only=True)
    torch.save({f"model.{key}": value for key, value in states.items()}, tmp_path / "renamed.pth")
    with pytest.raises(UserError, match=r"does not fit.*missing.*unexpected"):
        strict(trained / "config.yaml", tmp_path / "renamed.pth")
    # A configuration of another size: the same names, other shapes.
    config = yaml.safe_load((trained / "config.yaml").read_text())
    config["separator_conf"]["channels"] = 8
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    shutil.copy(trained / "model.pth", tmp_path)
    with pytest.raises(UserError, match="misshapen"):
        strict(None, tmp_path / "model.pth")


def test_training_checkpoint_and_missing_files_are_refused(trained, strict, tmp_path):
    with pytest.raises(UserError, match="use model.pth"):
        strict(trained / "config.yaml", trained / "checkpoint.pth")
    with pytest.raises(UserError, match="does not exist"):
        strict(trained / "config.yaml", tmp_path / "model.pth")
    with pytest.raises(UserError, match="config.yaml does not exist"):
        strict(None, tmp_path / "model.pth")
    with pytest.raises(UserError, match="no model file"):
        strict()
