"""GAP-URGENet within ESPnet: separators, official numbers, packs, inference and training."""

import functools
import zipfile
from unittest import mock

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import espnet_plugin
from espnet_plugin.enhance.gap_enhancer import PACKET_LOSS, GapUrgenetEnhancer
from espnet_plugin.enhance.level import LEVELS
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.recognise import recognise
from tests.gap_urgenet.tiny import GRID, OPTIONS, tiny_network

pytestmark = pytest.mark.espnet


def build(name, **options):
    """A separator with random weights."""
    from espnet_plugin.espnet_modules.registration import SEPARATORS

    torch.manual_seed(0)
    return SEPARATORS[name](1, **options).eval()


@pytest.fixture(scope="module")
def predictor():
    return build("gap_predictor", **GRID)


@pytest.fixture(scope="module")
def postnet():
    return build("gap_postnet", **GRID)


@pytest.fixture(scope="module")
def whole():
    return build("gap_urgenet", **OPTIONS)


@pytest.fixture
def separators(predictor, postnet, whole):
    return {one.name: one for one in (predictor, postnet, whole)}


def noise(*size, seed=0):
    return 0.1 * torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def batch(name, items, samples, seed=0):
    return noise(items, samples, *[2] * (name == "gap_postnet"), seed=seed)


@settings(max_examples=8)
@given(name=st.sampled_from(["gap_predictor", "gap_postnet", "gap_urgenet"]), samples=st.integers(1, 5000))
@example(name="gap_predictor", samples=1)
@example(name="gap_postnet", samples=1)
@example(name="gap_urgenet", samples=1)
@example(name="gap_urgenet", samples=0)
def test_length_is_kept(predictor, postnet, whole, name, samples):
    separator = {one.name: one for one in (predictor, postnet, whole)}[name]
    with torch.no_grad():
        (restored,), lengths, _ = separator(batch(name, 2, samples), torch.tensor([samples] * 2))
    assert restored.shape == (2, samples) and torch.isfinite(restored).all()
    assert lengths.tolist() == [samples] * 2


def test_parts_are_the_networks(predictor, postnet):
    with torch.no_grad():
        wave, waves = noise(1, 3000), noise(1, 6000, 2)
        torch.testing.assert_close(predictor.restore(wave), predictor.network(wave))
        torch.testing.assert_close(postnet.restore(waves), postnet.network(waves.transpose(1, 2)))


@pytest.mark.parametrize("name", ["gap_predictor", "gap_postnet", "gap_urgenet"])
def test_items_of_a_batch_do_not_see_its_padding(separators, name):
    separator = separators[name]
    long, short = batch(name, 1, 4000), batch(name, 1, 3100, seed=1)
    both = torch.cat((long, torch.nn.functional.pad(short, (0, 0) * (short.dim() - 2) + (0, 900))))
    with torch.no_grad():
        (restored,), _, _ = separator(both, torch.tensor([4000, 3100]))
        torch.testing.assert_close(restored[0], separator.restore(long)[0])
        torch.testing.assert_close(restored[1, :3100], separator.restore(short)[0])
    assert not restored[1, 3100:].any()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("packet_loss", PACKET_LOSS)
def test_the_whole_gives_what_the_enhancer_gives(level, packet_loss):
    separator = build("gap_urgenet", **OPTIONS, level=level, packet_loss=packet_loss)
    separator.network.load_state_dict(tiny_network().state_dict())
    wave = noise(1, 48000)[0]
    wave[9600:12480] = 0  # three packets at 16 kHz
    enhancer = GapUrgenetEnhancer(tiny_network(), "cpu", level=level, packet_loss=packet_loss)
    with torch.no_grad():
        restored = separator.restore(wave[None])[0].numpy()
    expected = enhancer.enhance(wave.numpy(), 48000)
    assert np.linalg.norm(restored - expected) < 1e-3 * np.linalg.norm(expected)


def test_silence_stays_silence(predictor, postnet, whole):
    with torch.no_grad():
        assert not predictor.restore(torch.zeros(1, 3000)).any()
        assert not postnet.restore(torch.zeros(1, 3000, 2)).any()
        assert not whole.restore(torch.zeros(1, 9000)).any()


def test_what_does_not_fit_is_refused(predictor, postnet, separators):
    for name, separator in separators.items():
        with pytest.raises(ValueError, match=f"{name} takes waves.*encoder: same"):
            type(separator)(257)
        with pytest.raises(ValueError, match="num_spk: 1"):
            type(separator)(1, num_spk=2)
        with pytest.raises(TypeError, match="chanels"):
            type(separator)(1, chanels=3)
    for channels in ((), (1,), (3,)):
        with pytest.raises(ValueError, match="joins 2 waves"):
            postnet(noise(1, 3000, *channels), torch.tensor([3000]))
    with pytest.raises(ValueError, match="unknown level 'loud': choose keep, match, peak"):
        build("gap_urgenet", **OPTIONS, level="loud")


def test_gradients_reach_every_part(separators):
    for name, separator in separators.items():
        (restored,), _, _ = separator(batch(name, 1, 6000), torch.tensor([6000]))
        restored.square().mean().backward()
        silent = [key for key, one in separator.named_parameters() if one.grad is None]
        # The vector for lost packets, of which there are none, and norms behind the layers that are used.
        assert all("masked_spec_embed" in key or "wavlm.encoder.layer_norm" in key for key in silent), silent
        separator.zero_grad(set_to_none=True)


@pytest.fixture
def zoo_cache(tmp_path, monkeypatch):
    """Makes the model zoo unpack below ``tmp_path``."""
    from espnet_model_zoo.downloader import ModelDownloader

    with_cache = functools.partialmethod(ModelDownloader.__init__, cachedir=tmp_path)
    monkeypatch.setattr(ModelDownloader, "__init__", with_cache)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The tiny network, converted from official files to a pack."""
    from espnet_plugin import cli
    from espnet_plugin.pretrained.gap_urgenet import save_official

    folder = tmp_path_factory.mktemp("gap")
    save_official(folder / "official", tiny_network())
    assert cli.main(["convert", str(folder / "official"), str(folder / "gap.zip")]) == 0
    return folder / "gap.zip"


@pytest.mark.usefixtures("zoo_cache")
@pytest.mark.filterwarnings("ignore:Expanding a local model")
@pytest.mark.parametrize("rate_hz", [16000, 48000])
def test_espnet_loads_the_pack_whole(packed, rate_hz):
    from espnet2.bin.enh_inference import SeparateSpeech as Stock

    from espnet_plugin.espnet_modules.inference import SeparateSpeech

    wave = noise(1, rate_hz // 2)[0].numpy()
    (stock,) = Stock.from_pretrained(str(packed))(wave[None], fs=rate_hz)
    (strict,) = SeparateSpeech.from_pretrained(str(packed))(wave[None], fs=rate_hz)
    np.testing.assert_array_equal(stock, strict)
    assert stock.shape == (1, rate_hz // 2) and np.isfinite(stock).all() and stock.any()
    if rate_hz == 48000:  # recordings of other rates are resampled once more here than elsewhere
        expected = GapUrgenetEnhancer(tiny_network(), "cpu").enhance(wave, rate_hz)
        assert np.linalg.norm(stock[0] - expected) < 1e-3 * np.linalg.norm(expected)


@pytest.mark.usefixtures("zoo_cache")
@pytest.mark.filterwarnings("ignore:Expanding a local model")
def test_espnets_command_takes_the_pack(packed, tmp_path):
    pytest.importorskip("espnet2.bin.cli", reason="this ESPnet has no command line")
    from espnet_plugin.bin import espnet

    soundfile.write(tmp_path / "noisy.wav", noise(22050).numpy(), 22050)
    words = ["enhance", tmp_path / "noisy.wav", "--model", packed, "-o", tmp_path / "clean.wav"]
    assert espnet.main(list(map(str, words))) == 0
    info = soundfile.info(tmp_path / "clean.wav")
    assert (info.frames, info.samplerate) == (22050, 22050)


def test_the_pack_loads_by_name_too(packed, tmp_path):
    assert recognise(packed) == "gap_urgenet"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "folder")
    expected = tiny_network().state_dict()
    for checkpoint in (packed, tmp_path / "folder"):
        state = espnet_plugin.load("gap_urgenet", checkpoint, device="cpu").network.state_dict()
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[key], expected[key]) for key in state)
    with pytest.raises(UserError, match="another model .*gap_urgenet.*choose the model 'gap_urgenet'"):
        espnet_plugin.load("semamba_pp", packed)
    states = torch.load(tmp_path / "folder" / "model.pth", weights_only=True)
    states.pop("separator.network.postnet.net.enter.weight")
    torch.save(states, tmp_path / "folder" / "model.pth")
    with pytest.raises(UserError, match="does not fit.*1 tensors missing"):
        espnet_plugin.load("gap_urgenet", tmp_path / "folder")


def test_the_official_numbers_through_espnet(shared, tmp_path):
    """The stored output of the official code for 48 kHz, from files of the official layout."""
    from espnet_plugin.espnet_modules.inference import SeparateSpeech
    from espnet_plugin.pretrained.gap_urgenet import load_network
    from tests.gap_urgenet.parity import fixture, relative_error, write_official

    network = load_network(write_official(shared, tmp_path))
    config = {
        **{"encoder": "same", "encoder_conf": {}, "decoder": "same", "decoder_conf": {}, "init": None},
        **{"separator": "gap_urgenet", "model_conf": {"always_forward_in_48k": True}},
        "separator_conf": {**network.options, "packet_loss": "official", "level": "keep"},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    states = {f"separator.network.{key}": tensor for key, tensor in network.state_dict().items()}
    torch.save(states, tmp_path / "model.pth")
    (restored,) = SeparateSpeech(None, tmp_path / "model.pth")(fixture(shared)["tiny_48k/input"], fs=48000)
    assert relative_error(restored, fixture(shared)["tiny_48k/final"]) < 2e-3


def test_segments_have_the_asked_length_at_every_rate(packed, tmp_path):
    from espnet_plugin.espnet_modules.inference import SeparateSpeech

    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path)
    separate = SeparateSpeech(None, tmp_path / "model.pth", segment_size=0.4, hop_size=0.2)
    for rate_hz in (16000, 44100, 48000):
        lengths = []

        def unchanged(wave):
            lengths.append(wave.shape[1])
            return wave

        with mock.patch.object(separate.enh_model.separator, "restore", unchanged):
            (result,) = separate(noise(1, rate_hz), fs=rate_hz)
        assert result.shape == (1, rate_hz)
        assert set(lengths) == {19200} and len(lengths) == 4
    assert (separate.segment_size, separate.hop_size) == (0.4, 0.2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, repository, pairs):
    """A predictor trained for an epoch with ESPnet's criterions."""
    from espnet_plugin.espnet_modules.train_stage import train

    folder = tmp_path_factory.mktemp("predictor")
    (folder / "config.yaml").write_text(yaml.safe_dump(predictor_config(repository)))
    train(folder / "config.yaml", *pairs, folder / "exp", num_workers=0)
    return folder / "exp"


def predictor_config(repository, **difference):
    return {
        "base": str(repository / "conf" / "train" / "baselines" / "common.yaml"),
        **{"encoder": "same", "decoder": "same", "separator": "gap_predictor", "separator_conf": GRID},
        **{"segment_samples": 4000, "batch_size": 2, "max_epoch": 1, "use_tensorboard": False},
        **difference,
    }


def test_a_trained_predictor_enhances(trained):
    assert recognise(trained) == "espnet"
    enhancer = espnet_plugin.load("espnet", trained, device="cpu")
    wave = noise(3000, 2).numpy()
    restored = enhancer.enhance(wave, 22050)
    assert restored.shape == wave.shape and np.isfinite(restored).all() and restored.any()


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ({"sample_rate": 48000}, "gap_predictor works at 16000 Hz.*'sample_rate: 16000'"),
        ({"batch_by_rate": True}, "gap_predictor works at 16000 Hz only.*'batch_by_rate: false'"),
    ],
)
def test_a_wrong_rate_is_refused_before_training(repository, pairs, tmp_path, difference, words):
    from espnet_plugin.espnet_modules.train_stage import train

    (tmp_path / "config.yaml").write_text(yaml.safe_dump(predictor_config(repository, **difference)))
    with pytest.raises(UserError, match=words):
        train(tmp_path / "config.yaml", *pairs, tmp_path / "exp", num_workers=0)


def test_parts_are_packed_too(postnet, predictor, tmp_path):
    """A pack of each part loads strictly; the one that joins waves is refused for recordings by name."""
    from espnet_plugin.espnet_modules.inference import SeparateSpeech
    from espnet_plugin.pretrained.zoo_model import Released, of_network
    from espnet_plugin.pretrained.zoo_pack import pack_model

    wave = noise(1, 4000, 2)
    released = Released("gap_postnet", GRID, postnet.network, postnet.rate_hz)
    pack = pack_model(of_network(released), tmp_path / "postnet.zip")
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path)
    (restored,) = SeparateSpeech(None, tmp_path / "model.pth")(wave, fs=48000)
    with torch.no_grad():
        np.testing.assert_allclose(restored, postnet.restore(wave).numpy(), atol=1e-6)
    with pytest.raises(UserError, match="gap_postnet joins several waves"):
        espnet_plugin.load("espnet", tmp_path, device="cpu")
