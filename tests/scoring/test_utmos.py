"""UTMOS on a narrow file of the published layout: formula, rates, odd files, wrong files."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchaudio.functional import resample

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from espnet_plugin.scoring.utmos import Utmos
from espnet_plugin.scoring.utmos_checkpoint import read_utmos
from tests.scoring.tiny_checkpoints import write_unsafe

FILE = "utmos22_strong/utmos22_strong_step7459_v1.pt"
KERNELS = (10, 3, 3, 3, 3, 2, 2)
STRIDES = (5, 2, 2, 2, 2, 2, 2)
CHANNELS, WIDTH, FEED, GROUPS, LAYERS = 8, 128, 96, 16, 2
EMBEDDING, HIDDEN, PROJECTION = 6, 10, 12


def published_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of the published names; the published sizes are 512, 768, 3072, 16, 12; 128, 512, 2048."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return 1.5 * torch.randn(shape, generator=generator) / torch.Size(shape[1:]).numel() ** 0.5

    state = {
        "domain_emb": normal(1, EMBEDDING),
        "judge_emb": normal(1, EMBEDDING),
        "wav2vec2.mask_emb": normal(WIDTH),
    }

    def linear(name, rows, columns):
        state[f"{name}.weight"], state[f"{name}.bias"] = normal(rows, columns), 0.1 * normal(rows)

    def norm(name, size):
        state[f"{name}.weight"], state[f"{name}.bias"] = 1 + 0.1 * normal(size), 0.1 * normal(size)

    for i, kernel in enumerate(KERNELS):
        name = f"wav2vec2.feature_extractor.conv_layers.{i}"
        state[f"{name}.0.weight"] = normal(CHANNELS, CHANNELS if i else 1, kernel)
    norm("wav2vec2.feature_extractor.conv_layers.0.2", CHANNELS)
    norm("wav2vec2.layer_norm", CHANNELS)
    linear("wav2vec2.post_extract_proj", WIDTH, CHANNELS)
    name = "wav2vec2.encoder.pos_conv.0"
    state[f"{name}.bias"] = 0.1 * normal(WIDTH)
    state[f"{name}.weight_g"] = 1 + torch.rand((1, 1, 128), generator=generator)
    state[f"{name}.weight_v"] = normal(WIDTH, WIDTH // GROUPS, 128)
    norm("wav2vec2.encoder.layer_norm", WIDTH)
    for i in range(LAYERS):
        name = f"wav2vec2.encoder.layers.{i}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{name}.self_attn.{part}", WIDTH, WIDTH)
        linear(f"{name}.fc1", FEED, WIDTH)
        linear(f"{name}.fc2", WIDTH, FEED)
        norm(f"{name}.self_attn_layer_norm", WIDTH)
        norm(f"{name}.final_layer_norm", WIDTH)
    for end in ("", "_reverse"):
        state[f"blstm.weight_ih_l0{end}"] = normal(4 * HIDDEN, WIDTH + 2 * EMBEDDING)
        state[f"blstm.weight_hh_l0{end}"] = normal(4 * HIDDEN, HIDDEN)
        for part in ("ih", "hh"):
            state[f"blstm.bias_{part}_l0{end}"] = 0.1 * normal(4 * HIDDEN)
    linear("projection.0", PROJECTION, 2 * HIDDEN)
    linear("projection.2", 1, PROJECTION)
    return state


def plain_score(state, wave) -> float:
    """The same by functions of torch in float64, straight from the published names."""
    state = {name: tensor.double() for name, tensor in state.items()}

    def linear(values, name):
        return F.linear(values, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(values, name):
        return F.layer_norm(values, values.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])

    maps = torch.from_numpy(wave).double()[None, None]
    for i, stride in enumerate(STRIDES):
        name = f"wav2vec2.feature_extractor.conv_layers.{i}"
        maps = F.conv1d(maps, state[f"{name}.0.weight"], stride=stride)
        if i == 0:  # each channel over time
            maps = F.group_norm(maps, CHANNELS, state[f"{name}.2.weight"], state[f"{name}.2.bias"])
        maps = F.gelu(maps)
    x = linear(norm(maps[0].T, "wav2vec2.layer_norm"), "wav2vec2.post_extract_proj")
    name = "wav2vec2.encoder.pos_conv.0"
    v = state[f"{name}.weight_v"]
    weight = state[f"{name}.weight_g"] * v / v.square().sum(dim=(0, 1), keepdim=True).sqrt()
    places = F.conv1d(x.T[None], weight, state[f"{name}.bias"], padding=64, groups=GROUPS)[0, :, :-1]
    x = norm(x + F.gelu(places).T, "wav2vec2.encoder.layer_norm")
    for i in range(LAYERS):
        name = f"wav2vec2.encoder.layers.{i}"
        heads = []
        for part in range(0, WIDTH, 64):
            query, key, value = (
                linear(x, f"{name}.self_attn.{kind}_proj")[:, part : part + 64] for kind in "qkv"
            )
            heads.append((query @ key.T / 8).softmax(dim=1) @ value)
        attended = linear(torch.cat(heads, dim=1), f"{name}.self_attn.out_proj")
        x = norm(x + attended, f"{name}.self_attn_layer_norm")
        x = norm(x + linear(F.gelu(linear(x, f"{name}.fc1")), f"{name}.fc2"), f"{name}.final_layer_norm")
    beside = torch.cat([state["domain_emb"], state["judge_emb"]], dim=1).expand(len(x), -1)
    x = torch.cat([x, beside], dim=1)
    both = [run_lstm(state, x, ""), run_lstm(state, x.flip(0), "_reverse").flip(0)]
    x = linear(torch.cat(both, dim=1), "projection.0").relu()
    return (linear(x, "projection.2").mean() * 2 + 3).item()


def run_lstm(state, x, end):
    hidden = cell = torch.zeros(HIDDEN, dtype=torch.float64)
    outputs = []
    for frame in x:
        gates = (
            state[f"blstm.weight_ih_l0{end}"] @ frame
            + state[f"blstm.bias_ih_l0{end}"]
            + state[f"blstm.weight_hh_l0{end}"] @ hidden
            + state[f"blstm.bias_hh_l0{end}"]
        )
        take, keep, new, give = gates.split(HIDDEN)
        cell = keep.sigmoid() * cell + take.sigmoid() * new.tanh()
        hidden = give.sigmoid() * cell.tanh()
        outputs.append(hidden)
    return torch.stack(outputs)


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    (folder / FILE).parent.mkdir()
    torch.save(published_state(), folder / FILE)
    return folder


@pytest.fixture(scope="module")
def metric(weights_dir):
    return Utmos(Setup(weights_dir))


@pytest.mark.parametrize("samples", [400, 16000, 16320])  # one, an odd and an even number of frames
def test_score_is_that_of_the_plain_formulas(metric, speech, noisy, samples):
    wave = noisy(speech(1.1), 5)[:samples]
    expected = plain_score(published_state(), wave)
    assert metric.score(Item(wave, 16000)) == (pytest.approx(expected, abs=2e-4),)
    assert abs(expected - 3) > 0.01


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_other_rates_are_resampled_by_the_kernel_of_torchaudio(metric, speech, noisy, rate_hz):
    wave = noisy(speech(0.5, rate_hz), 5)
    down = resample(torch.from_numpy(wave), rate_hz, 16000).numpy()
    expected = plain_score(published_state(), down)
    assert metric.score(Item(wave, rate_hz)) == (pytest.approx(expected, abs=2e-4),)


def test_short_and_silent_files(metric, speech):
    assert np.isfinite(metric.score(Item(np.zeros(8000, np.float32), 16000))[0])
    for wave in (speech(0.1)[:399], np.zeros(0, np.float32)):
        with pytest.raises(Unscorable, match="25 ms"):
            metric.score(Item(wave, 16000))


def test_missing_and_other_file(tmp_path, weights_dir, monkeypatch):
    missing = Utmos(Setup(tmp_path)).available()
    assert "utmos22_strong_step7459_v1.pt is not there" in missing.reason
    assert missing.remedy == "urgent26 weights --fetch UTMOS"
    assert "is not the file it should be" in Utmos(Setup(weights_dir)).available().reason
    (file,) = Utmos.weights.files
    unknown = dataclasses.replace(file, sha256="")
    monkeypatch.setattr(Utmos, "weights", dataclasses.replace(Utmos.weights, files=(unknown,)))
    assert Utmos(Setup(weights_dir)).available() is None


def test_files_of_something_else_are_refused(tmp_path):
    path = tmp_path / "other.pt"
    write_unsafe(path)
    with pytest.raises(UserError, match="refused"):
        read_utmos(path)
    torch.save({"model": published_state()}, path)
    with pytest.raises(UserError, match="not a list of named tensors"):
        read_utmos(path)
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(UserError, match="sizes cannot be told"):
        read_utmos(path)
    state = published_state()
    del state["wav2vec2.encoder.layers.1.fc2.bias"]
    torch.save(state, path)
    with pytest.raises(UserError, match="1 tensors missing.*layers.1.feed_forward.output_dense.bias"):
        read_utmos(path)
    path.write_bytes(b"not a torch file")
    with pytest.raises(UserError, match="other.pt"):
        read_utmos(path)


def test_reading_leaves_the_random_numbers_alone(weights_dir):
    torch.manual_seed(5)
    read_utmos(weights_dir / FILE)
    after = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(3))
