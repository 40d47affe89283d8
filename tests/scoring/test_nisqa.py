"""NISQA on a file of the published layout with random weights: formula, rates, odd files, wrong files."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.read import read_audio
from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from espnet_plugin.scoring.networks.nisqa import NisqaNetwork
from espnet_plugin.scoring.nisqa import Nisqa, mel_segments, read_nisqa
from espnet_plugin.scoring.weights import default_directory
from tests.scoring.tiny_checkpoints import write_unsafe

FILE = "nisqa/nisqa.tar"
# Values of the original code with the published file.
OFFICIAL = {
    "urgent26/noisy/fileid_210.flac": 0.29223,
    "urgent26/enh/fileid_210.flac": 2.79979,
    "urgent26/clean/fileid_210.flac": 2.33029,
    "urgent26/noisy/fileid_295.wav": 0.86809,
    "urgent26/enh/fileid_295.wav": 2.81144,
    "urgent26/clean/fileid_295.wav": 4.00396,
    "urgent26/noisy/fileid_49.flac": 1.04361,
    "urgent26/enh/fileid_49.flac": 2.81850,
    "urgent26/clean/fileid_49.flac": 3.74265,
    "vctk_demand/noisy/p232_005.wav": 2.35346,
    "vctk_demand/noisy/p232_013.wav": 2.51678,
    "vctk_demand/noisy/p232_095.wav": 1.41935,
    "vctk_demand/clean/p232_005.wav": 4.69271,
    "vctk_demand/clean/p232_013.wav": 4.68449,
}


def published_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of the published names and shapes."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator) / torch.Size(shape[1:]).numel() ** 0.5

    state = {}

    def norm(name, size):
        state[f"{name}.weight"], state[f"{name}.bias"] = 1 + 0.1 * normal(size), 0.1 * normal(size)

    def linear(name, rows, columns, kind=""):
        state[f"{name}.{kind}weight"], state[f"{name}.{kind}bias"] = normal(rows, columns), 0.1 * normal(rows)

    channels = [1, 16, 32, 64, 64, 64, 64]
    for i in range(1, 7):
        part = f"cnn.model.conv{i}"
        state[f"{part}.weight"] = normal(channels[i], channels[i - 1], 3, 3)
        state[f"{part}.bias"] = 0.1 * normal(channels[i])
        part = f"cnn.model.bn{i}"
        norm(part, channels[i])
        state[f"{part}.running_mean"] = 0.1 * normal(channels[i])
        state[f"{part}.running_var"] = 1 + torch.rand(channels[i], generator=generator)
        state[f"{part}.num_batches_tracked"] = torch.tensor(7)
    state["cnn.model.bn1.running_mean"] -= 50  # levels in dB
    state["cnn.model.bn1.running_var"] *= 200
    part = "time_dependency.model"
    linear(f"{part}.linear", 64, 384)
    norm(f"{part}.norm1", 64)
    for i in range(2):
        part = f"time_dependency.model.layers.{i}"
        linear(f"{part}.self_attn", 192, 64, "in_proj_")
        for name in ("self_attn.out_proj", "linear1", "linear2"):
            linear(f"{part}.{name}", 64, 64)
        for name in ("norm1", "norm2"):
            norm(f"{part}.{name}", 64)
    for i in range(5):
        part = f"pool_layers.{i}.model"
        linear(f"{part}.linear1", 128, 64)
        linear(f"{part}.linear2", 1, 128)
        linear(f"{part}.linear3", 1, 64)
    return state


def plain_scores(state, segments) -> np.ndarray:
    """The formulas of the paper in functions of torch, in float64, from the published names."""
    state = {name: tensor.double() for name, tensor in state.items()}
    segments = segments.double()

    def linear(values, name):
        return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def layer_norm(values, name):
        centred = values - values.mean(-1, keepdim=True)
        scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]

    maps = segments[:, None]
    sizes = {1: (24, 7), 2: (12, 5), 4: (6, 3)}
    for i in range(1, 7):
        weight, bias = state[f"cnn.model.conv{i}.weight"], state[f"cnn.model.conv{i}.bias"]
        maps = F.conv2d(maps, weight, bias, padding=(1, 0) if i == 6 else 1)
        name = f"cnn.model.bn{i}"
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        scale = state[f"{name}.weight"] / (variance + 1e-5).sqrt()
        shift = state[f"{name}.bias"] - mean * scale
        maps = (maps * scale[:, None, None] + shift[:, None, None]).clamp(min=0)
        if i in sizes:
            maps = F.adaptive_max_pool2d(maps, sizes[i])
    assert maps.shape[1:] == (64, 6, 1)
    x = linear(maps.reshape(len(maps), -1), "time_dependency.model.linear")
    x = layer_norm(x, "time_dependency.model.norm1")
    for i in range(2):
        name = f"time_dependency.model.layers.{i}"
        joint = x @ state[f"{name}.self_attn.in_proj_weight"].T + state[f"{name}.self_attn.in_proj_bias"]
        query, key, value = joint.split(64, dim=1)
        attended = (query @ key.T / 8).softmax(dim=1) @ value
        x = layer_norm(x + linear(attended, f"{name}.self_attn.out_proj"), f"{name}.norm1")
        fed = linear(linear(x, f"{name}.linear1").clamp(min=0), f"{name}.linear2")
        x = layer_norm(x + fed, f"{name}.norm2")
    scores = []
    for i in range(5):
        name = f"pool_layers.{i}.model"
        weights = linear(linear(x, f"{name}.linear1").clamp(min=0), f"{name}.linear2").softmax(dim=0)
        scores.append(linear((weights * x).sum(dim=0), f"{name}.linear3").item())
    return np.array(scores)


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    (folder / FILE).parent.mkdir()
    content = {"args": {"model": "NISQA_DIM", "ms_sr": None}, "model_state_dict": published_state()}
    torch.save(content, folder / FILE)
    return folder


@pytest.fixture(scope="module")
def metric(weights_dir):
    return Nisqa(Setup(weights_dir))


def test_size_of_the_network():
    assert sum(parameter.numel() for parameter in NisqaNetwork().parameters()) == 252458


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_scores_are_those_of_the_plain_formulas_at_the_rate_of_the_file(metric, speech, noisy, rate_hz):
    wave = noisy(speech(1.2, rate_hz), 10)
    hop = rate_hz // 100
    padded = np.pad(wave, 2048, mode="reflect")
    window = np.zeros(4096)
    first = 2048 - hop
    window[first : first + 2 * hop] = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)
    frames = [padded[start : start + 4096] * window for start in range(0, len(wave) + 1, hop)]
    bands = librosa.filters.mel(sr=rate_hz, n_fft=4096, n_mels=48, fmax=20000)
    level_db = 20 * np.log10(np.maximum(bands @ np.abs(np.fft.rfft(frames)).T, 1e-4))
    level_db = np.maximum(level_db, level_db.max() - 80)
    segments = [level_db[:, start : start + 15] for start in range(0, len(frames) - 14, 4)]
    expected = plain_scores(published_state(), torch.tensor(np.array(segments)))
    assert metric.score(Item(wave, rate_hz)) == pytest.approx(expected, abs=2e-4)
    assert np.ptp(expected) > 0.1


def test_values_of_the_original_code(shared):
    missing = [path for path in OFFICIAL if not (shared / "audio" / path).is_file()]
    assert not missing
    if not (default_directory() / FILE).is_file():
        pytest.skip("needs the published file: urgent26 weights --fetch NISQA")
    metric = Nisqa()
    for path, value in OFFICIAL.items():
        wave, rate_hz = read_audio(shared / "audio" / path)
        assert metric.score(Item(wave[:, 0], rate_hz))[0] == pytest.approx(value, abs=1e-3), path


@given(samples=st.integers(14 * 80, 3 * 8000))
def test_segments_begin_every_four_frames(samples):
    segments = mel_segments(np.zeros(samples, np.float32), 8000)
    frames = 1 + samples // 80
    assert segments.shape == (-(-(frames - 14) // 4), 48, 15)


@pytest.mark.parametrize("rate_hz", [8000, 48000])
def test_short_and_long_files(metric, speech, rate_hz):
    shortest = 14 * rate_hz // 100
    assert np.isfinite(metric.score(Item(speech(1.0, rate_hz)[:shortest], rate_hz))).all()
    with pytest.raises(Unscorable, match="at least 0.14 s"):
        metric.score(Item(speech(1.0, rate_hz)[: shortest - 1], rate_hz))
    with pytest.raises(Unscorable, match="at least 0.14 s"):
        metric.score(Item(np.zeros(0, np.float32), rate_hz))
    longest = rate_hz // 100 * 5214 - 1
    assert len(mel_segments(np.zeros(longest, np.float32), rate_hz)) == 1300
    with pytest.raises(Unscorable, match="at most 52 s"):
        metric.score(Item(np.zeros(longest + 1, np.float32), rate_hz))


def test_silence_has_a_value(metric):
    assert np.isfinite(metric.score(Item(np.zeros(16000, np.float32), 16000))).all()


def test_missing_file(tmp_path, metric):
    missing = Nisqa(Setup(tmp_path)).available()
    assert "nisqa.tar is not there" in missing.reason
    assert missing.remedy == "urgent26 weights --fetch NISQA"
    assert metric.available() is None and metric.settings()["weights"]


def test_wrong_files_are_refused(tmp_path):
    write_unsafe(tmp_path / "unsafe.tar")
    with pytest.raises(UserError, match="refused"):
        read_nisqa(tmp_path / "unsafe.tar")
    torch.save(published_state(), tmp_path / "bare.tar")
    with pytest.raises(UserError, match="no entry 'model_state_dict'"):
        read_nisqa(tmp_path / "bare.tar")
    single = {name.replace("pool_layers.0", "pool"): tensor for name, tensor in published_state().items()}
    torch.save({"model_state_dict": single}, tmp_path / "mos_only.tar")
    with pytest.raises(UserError, match="6 tensors missing"):
        read_nisqa(tmp_path / "mos_only.tar")


def test_default_directory_is_not_read_while_importing(monkeypatch):
    monkeypatch.setenv("URGENT26_WEIGHTS", "elsewhere")
    assert Nisqa().weights_folder() == Path("elsewhere/nisqa")
