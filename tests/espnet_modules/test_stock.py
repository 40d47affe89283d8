"""Networks of ESPnet's stock: trained by this package, and enhancing with its levels and lengths."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import espnet_plugin
from espnet_plugin.audio.scp import read_scp
from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet

SMALL = {
    "separator_conf": {"num_channels": 4, "num_layers": 1},
    "segment_samples": 4000,
    "batch_size": 2,
    "max_epoch": 1,
    "use_tensorboard": False,
}


def train(folder, repository, pairs, **difference):
    from espnet_plugin.espnet_modules.train_stage import train

    config = folder / "config.yaml"
    base = str(repository / "conf" / "train" / "baselines" / "bsrnn.yaml")
    config.write_text(yaml.safe_dump({"base": base, **SMALL, **difference}), encoding="utf-8")
    train(config, *pairs, folder / "exp", num_workers=0)
    return folder / "exp"


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, repository, pairs):
    """The folder of a trained tiny BSRNN."""
    return train(tmp_path_factory.mktemp("bsrnn"), repository, pairs)


@pytest.fixture(scope="module")
def enhancer(experiment):
    return espnet_plugin.load("espnet", experiment, device="cpu", window_s=0.5, overlap_s=0.1)


def noise(*size):
    return (0.1 * np.random.default_rng(0).standard_normal(size)).astype(np.float32)


def test_training_reports_the_criterions_of_the_configuration(experiment):
    columns = (experiment / "history.csv").read_text().splitlines()[0].split(",")
    assert {"train_loss", "valid_l1_timedomain+magspec_loss", "valid_si_snr_loss"} <= set(columns)


@settings(max_examples=10)
@given(samples=st.integers(1, 12000), channels=st.sampled_from([1, 2]))
@example(samples=1, channels=1)
@example(samples=161, channels=1)
def test_shape_is_kept(enhancer, samples, channels):
    enhanced = enhancer.enhance(noise(samples, channels), 16000)
    assert enhanced.shape == (samples, channels)
    assert np.isfinite(enhanced).all()


def test_level_is_that_of_the_input(enhancer):
    wave = noise(4000)
    quiet = enhancer.enhance(wave / 64, 16000)
    np.testing.assert_allclose(64 * quiet, enhancer.enhance(wave, 16000), rtol=1e-3, atol=1e-5)


def test_enhancement_is_what_training_compares(enhancer):
    """ESPnet's model, on a segment divided by its peak, gives the enhanced segment divided by the same."""
    wave = torch.from_numpy(noise(1, 4000))
    peak, model = wave.abs().max(), enhancer.network
    scale = (wave / peak).std()
    with torch.no_grad():
        (expected,), *_ = model.forward_enhance(wave / peak / scale, torch.tensor([4000]), {})
        restored, _ = enhancer.restore(wave, peak[None, None])
        torch.testing.assert_close(restored, expected * scale * peak, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_what_has_no_variance_stays_as_it_is(enhancer, value):
    wave = np.full(4000, value, np.float32)
    np.testing.assert_allclose(enhancer.enhance(wave, 16000), wave, atol=1e-6)


def test_the_enhancement_stage_takes_them(experiment, repository, pairs, tmp_path, monkeypatch, capsys):
    from espnet_plugin.recipe import enhancement
    from espnet_plugin.recipe.evaluation_sets import DataFolder

    sets = [DataFolder("valid", pairs[0] / "valid", source="")]
    monkeypatch.setattr(enhancement, "find_test_sets", lambda data_dir: sets)
    exp_dir = shutil.copytree(experiment, tmp_path / "exp", symlinks=True)
    enhancement.enhance_sets(repository / "conf" / "enhance" / "espnet.yaml", pairs[0], exp_dir)
    enhanced = read_scp(exp_dir / "enhanced" / "valid" / "spk1.scp")
    noisy = read_scp(sets[0].noisy_list)
    assert list(enhanced) == list(noisy)
    for name, path in noisy.items():
        assert soundfile.info(enhanced[name]).frames == soundfile.info(path).frames


def test_the_other_loader_names_the_right_model(experiment):
    with pytest.raises(UserError, match="separator: bsrnn.*model 'espnet'"):
        espnet_plugin.load("semamba_pp", experiment)


def test_what_cannot_be_loaded_is_named(experiment, tmp_path):
    with pytest.raises(UserError, match="float32 here, not in bfloat16"):
        espnet_plugin.load("espnet", experiment, dtype="bfloat16")
    with pytest.raises(UserError, match="unknown option 'scan': known are window_s, overlap_s"):
        espnet_plugin.load("espnet", experiment, scan="cpu")
    with pytest.raises(UserError, match="no experiment or model .*nowhere"):
        espnet_plugin.load("espnet", tmp_path / "nowhere")
    broken = shutil.copytree(experiment, tmp_path / "exp", symlinks=True)
    state = torch.load(broken / "model.pth", weights_only=True)
    state.pop(next(iter(state)))
    torch.save(state, broken / "model.pth")
    with pytest.raises(UserError, match="1 missing"):
        espnet_plugin.load("espnet", broken, device="cpu")


@pytest.mark.parametrize(
    ("difference", "message"),
    [
        ({"separator_conf": {"num_chanels": 4}}, "separator_conf.*'num_chanels'.*'num_channels'"),
        ({"encoder_conf": {"default_fs": 8000}}, "works at 8000 Hz.*'default_fs: 16000'"),
        ({"separator_conf": {"subbands": None}}, "cannot be built from this configuration"),
        ({"criterions": [{"name": "l3", "wrapper": "fixed_order"}]}, "cannot be built.*l3"),
    ],
)
def test_configurations_that_cannot_be_followed(repository, pairs, tmp_path, difference, message):
    with pytest.raises(UserError, match=message) as raised:
        train(tmp_path, repository, pairs, **difference)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["bsrnn", "tfgridnet_v3"])
def test_baselines_have_the_size_that_their_headers_tell(repository, name):
    from espnet_plugin.espnet_modules.task import RestorationTask

    path = repository / "conf" / "train" / "baselines" / f"{name}.yaml"
    options = RestorationTask.parse(["--config", str(path), "--output_dir", "none"])
    model = RestorationTask.build_model(options)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert f"(here {millions:.1f} M parameters)" in path.read_text(encoding="utf-8")


def test_baseline_bands_cover_the_spectrum_once(repository):
    config = load_config(repository / "conf" / "train" / "baselines" / "bsrnn.yaml")
    bands = config["separator_conf"]["subbands"]
    bins = [bin for first, last in bands for bin in range(first, last + 1)]
    assert bins == list(range(config["encoder_conf"]["n_fft"] // 2 + 1))
