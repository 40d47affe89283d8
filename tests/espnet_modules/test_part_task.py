"""GAP-URGENet's parts in ESPnet: each trains, goes on after an interruption, refuses what does not fit."""

import csv
import shutil

import pytest
import torch
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.train_stage import train
from espnet_plugin.gap_urgenet.dewavlm import DeWavLM
from espnet_plugin.pretrained.gap_part import read_part
from espnet_plugin.pretrained.gap_urgenet import save_official, save_pack
from espnet_plugin.training.parts import PARTS, networks_of
from espnet_plugin.training.training_step import TrainingStep
from tests.espnet_modules.conftest import one_thread
from tests.gap_urgenet.tiny import OPTIONS, tiny_network

pytestmark = pytest.mark.espnet

WAVES = {
    "multi_period": {"periods_samples": [2], "channels": [2, 4]},
    "multi_band": {"windows_samples": [512], "channels": 2},
}
DISCRIMINATORS = {"vocoder": WAVES, "adapter": {"widths": [2, 4]}, "postnet": WAVES, "joint": WAVES}
#: Two steps of two segments in each of two epochs.
SHORT = {
    "degradation": None,
    "lowest_rate_hz": 0,
    "batch_size": 2,
    "num_iters_per_epoch": None,
    "max_epoch": 2,
    "keep_nbest_models": 2,
    "use_tensorboard": False,
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """A tiny model of all five parts in one file."""
    path = tmp_path_factory.mktemp("pack") / "tiny.safetensors"
    save_pack(path, tiny_network(1))
    return path


@pytest.fixture(scope="module")
def part_config(tmp_path_factory, repository, pack):
    """A function that writes a difference from the configuration of a part, and returns its path."""
    folder = tmp_path_factory.mktemp("conf")

    def write(part, /, **difference):
        rate_hz = PARTS[part].rate_hz
        schedule = {"max_lr": 1e-2, "min_lr": 1e-3, "warmup_steps": 1, "decay_until": 4}
        content = {
            "base": str(repository / "conf" / "train" / f"gap_{part}.yaml"),
            "network_conf": OPTIONS,
            "frozen": dict.fromkeys(PARTS[part].FROZEN, str(pack)),
            "segment_samples": rate_hz // 5,
            "scheduler_conf": schedule,
            **SHORT,
        }
        if part in DISCRIMINATORS:
            content |= {"discriminator_conf": DISCRIMINATORS[part], "scheduler2_conf": schedule}
        path = folder / f"{part}{len(list(folder.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump({**content, **difference}), encoding="utf-8")
        return path

    return write


def read(path):
    return torch.load(path, weights_only=True)


def history(exp_dir):
    with (exp_dir / "history.csv").open() as stream:
        return list(csv.DictReader(stream))


def assert_same(mine, theirs):
    """Equal in every bit, however deep."""
    assert type(mine) is type(theirs)
    if torch.is_tensor(mine):
        assert torch.equal(mine, theirs)
    elif isinstance(mine, dict):
        assert mine.keys() == theirs.keys()
        for key in mine:
            assert_same(mine[key], theirs[key])
    elif isinstance(mine, list):
        for one, other in zip(mine, theirs, strict=True):
            assert_same(one, other)
    else:
        assert mine == theirs


@pytest.fixture
def interrupted(monkeypatch):
    """A function that trains and is stopped in the second step of the second epoch."""

    def run(*arguments, **options):
        steps, call = [], TrainingStep.__call__

        def counted(self, *batches):
            steps.append(1)
            if len(steps) == 4:
                raise KeyboardInterrupt
            return call(self, *batches)

        with monkeypatch.context() as patch, pytest.raises(UserError, match="stopped"):
            patch.setattr(TrainingStep, "__call__", counted)
            train(*arguments, **options)

    return run


@pytest.mark.parametrize("part", PARTS)
def test_trains_stores_itself_alone_and_resumes_with_the_same_bits(
    part, part_config, pairs, pack, interrupted, tmp_path
):
    config = part_config(part)
    with one_thread():
        train(config, *pairs, tmp_path / "straight", num_workers=0)
        interrupted(config, *pairs, tmp_path / "resumed", num_workers=0)
        assert read(tmp_path / "resumed" / "checkpoint.pth")["reporter"]["epoch"] == 1
        train(config, *pairs, tmp_path / "resumed", num_workers=0)
    straight, resumed = (read(tmp_path / name / "checkpoint.pth") for name in ("straight", "resumed"))
    for what in ("model", "optimizers", "schedulers"):
        assert_same(resumed[what], straight[what])
    adversarial = part in DISCRIMINATORS
    judges = ["sequence"] if part == "adapter" else DISCRIMINATORS.get(part, ())
    assert {".".join(key.split(".")[:2]) for key in straight["model"]} == {
        "part.network",
        *(f"adversary.{name}" for name in judges),
    }
    # The rate changes with every step: after four it is the smallest.
    assert [optimizer["param_groups"][0]["lr"] for optimizer in straight["optimizers"]] == [
        pytest.approx(1e-3)
    ] * (1 + adversarial)
    for row in history(tmp_path / "straight"):
        for term in ("loss", "reconstruction", *PARTS[part].ADVERSARIAL_WEIGHTS):
            assert all(float(row[f"{phase}_{term}"]) for phase in ("train", "valid"))
    # What it leaves is read as what it is, and has learned.
    for network in networks_of(part):
        trained, before = read_part(network, tmp_path / "straight"), read_part(network, pack)
        assert trained.options.keys() == before.options.keys()
        assert any(
            not torch.equal(value, before.network.state_dict()[name])
            for name, value in trained.network.state_dict().items()
        )


def test_starts_from_a_checkpoint_or_its_teacher(part_config, pairs, pack, tmp_path):
    schedule = {"max_lr": 0.0, "min_lr": 0.0, "warmup_steps": 1, "decay_until": 2}
    still = {"scheduler_conf": schedule, "max_epoch": 1}
    official = tmp_path / "official"
    save_official(official, tiny_network(2))
    arguments = (part_config("predictor", **still), *pairs, tmp_path / "from_official")
    train(*arguments, num_workers=0, init=official)
    train(part_config("encoder", **still), *pairs, tmp_path / "from_teacher", num_workers=0)
    start = {"vocoder": official, "postnet": pack}
    train(part_config("joint", **still), *pairs, tmp_path / "from_both", num_workers=0, init=start)
    for part, folder, start in (
        ("predictor", "from_official", official),
        ("encoder", "from_teacher", pack),
        ("vocoder", "from_both", official),
        ("postnet", "from_both", pack),
    ):
        expected = read_part(part, start).network.state_dict()
        assert_same(dict(read_part(part, tmp_path / folder).network.state_dict()), dict(expected))
    for folder in ("from_official", "from_both"):
        assert (tmp_path / folder / "origin.txt").read_text() == "gap_urgenet\n"


def test_the_vocoder_reads_clean_speech_only(part_config, pairs, tmp_path):
    data = shutil.copytree(pairs[0], tmp_path / "data")
    for split in ("train", "valid"):
        (data / split / "wav.scp").unlink()
    train(part_config("vocoder", max_epoch=1), data, pairs[1], tmp_path / "exp", num_workers=0)
    with pytest.raises(UserError, match="wav.scp is missing"):
        train(part_config("predictor"), data, pairs[1], tmp_path / "other", num_workers=0)


@pytest.fixture
def encoded(monkeypatch):
    """How many segments every run of an encoder got."""
    runs, outputs = [], DeWavLM._outputs

    def counted(self, wave, *others):
        runs.append(len(wave))
        return outputs(self, wave, *others)

    monkeypatch.setattr(DeWavLM, "_outputs", counted)
    return runs


def test_with_segments_that_return_frozen_networks_compute_once(
    part_config, pairs, interrupted, encoded, tmp_path
):
    cached = {"segments_per_recording": 1, "frozen_cache": str(tmp_path / "cache")}
    config = part_config("adapter", **cached)
    with one_thread():
        train(config, *pairs, tmp_path / "cold", num_workers=0)
        # Four pairs to learn from and two to validate, each seen by encoder and teacher, in the first epoch only.
        assert encoded == [1] * 12
        # Stopped with a full cache and continued with an empty one.
        interrupted(config, *pairs, tmp_path / "resumed", num_workers=0)
        assert len(encoded) == 12
        options = {"num_workers": 0, "frozen_cache": tmp_path / "another"}
        train(config, *pairs, tmp_path / "resumed", **options)
        assert encoded == [1] * 24
    straight, resumed = (read(tmp_path / name / "checkpoint.pth") for name in ("cold", "resumed"))
    assert_same(resumed["model"], straight["model"])


def test_validation_is_computed_once_where_training_segments_are_always_new(
    part_config, pairs, encoded, tmp_path
):
    config = part_config("vocoder", frozen_cache=str(tmp_path / "cache"))
    train(config, *pairs, tmp_path / "exp", num_workers=0)
    steps_of_two, validated = encoded.count(2), encoded.count(1)
    assert (steps_of_two, validated) == (4, 2)
    # Where it is kept does not make it another training.
    train(config, *pairs, tmp_path / "exp", num_workers=0, frozen_cache=tmp_path / "other")
    assert len(encoded) == 6 and not (tmp_path / "other").exists()


def test_a_training_without_frozen_networks_has_nothing_to_keep(toy_config, pairs, tmp_path):
    with pytest.raises(UserError, match="trains without frozen networks; leave frozen_cache out"):
        train(toy_config(), *pairs, tmp_path / "exp", frozen_cache=tmp_path / "cache")


def test_recordings_of_low_rates_are_left_out(part_config, pairs, tmp_path):
    config = part_config("predictor", lowest_rate_hz=22050, max_epoch=1, drop_last_iter=False)
    seen, call = [], TrainingStep.__call__

    def watched(self, batches, *others):
        seen.extend(uid for uids, _ in batches for uid in uids)
        return call(self, batches, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingStep, "__call__", watched)
        train(config, *pairs, tmp_path / "exp", num_workers=0)
    assert sorted(seen) == ["train1", "train3"]
    with pytest.raises(UserError, match="no recording of 48000 Hz or more"):
        train(part_config("predictor", lowest_rate_hz=48000), *pairs, tmp_path / "none", num_workers=0)


@pytest.mark.parametrize("part", ["encoder", "adapter", "predictor"])
def test_bfloat16_stays_near_float32(part, part_config, pairs, tmp_path):
    losses = []
    for use_amp in (False, True):
        exp_dir = tmp_path / str(use_amp)
        train(part_config(part, use_amp=use_amp, max_epoch=1), *pairs, exp_dir, num_workers=0)
        losses.append(float(history(exp_dir)[0]["train_reconstruction"]))
        assert {value.dtype for value in read(exp_dir / "model.pth").values()} == {torch.float32}
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def options(part, **difference):
    return {**OPTIONS, part: {**OPTIONS[part], **difference}}


@pytest.mark.parametrize(
    "part, difference, message",
    [
        ("encoder", {"part": "decoder"}, "unknown key 'decoder'"),
        ("encoder", {"part_conf": {"numerator": "clean"}}, "part_conf: unknown key 'numerator'"),
        ("encoder", {"loss_weights": {"mel": 1}}, "loss_weights: unknown key 'mel'"),
        ("encoder", {"loss_weights": {"last": 0}}, "all weights of last, first are 0"),
        ("encoder", {"frozen": {}}, "with a frozen teacher: set 'frozen: {teacher: FILE}'"),
        ("encoder", {"frozen": {"vocoder": "x"}}, "frozen: unknown key 'vocoder'"),
        ("encoder", {"network_conf": options("encoder", layers=2)}, "set network_conf.encoder.layers to 3"),
        ("encoder", {"discriminator": "features"}, "the encoder is trained without discriminator"),
        ("encoder", {"segment_samples": 3201}, "segment_samples is 3201: use a multiple of 320"),
        ("encoder", {"segment_peak": [0.9, 0.5]}, "segment_peak is 0.9 to 0.5"),
        ("encoder", {"segments_per_recording": 0}, "segments_per_recording is 0: use 1 or more"),
        ("encoder", {"frozen_cache": __file__}, "frozen_cache: .* cannot be made .*; name another"),
        ("encoder", {"frozen_cache": "x", "frozen_cache_gib": 0}, "frozen_cache_gib is 0.*above 0"),
        ("encoder", {"batch_by_rate": True}, "so there is no batch_by_rate"),
        ("predictor", {"sample_rate": 48000}, "learns at 16000 Hz, not 48000 Hz"),
        ("predictor", {"network_conf": {"predictor": {"chanels": 4}}}, "'chanels'; did you mean 'channels'"),
        ("predictor", {"part_conf": {"numerator": "both"}}, "numerator is one of restored, clean"),
        ("vocoder", {"network_conf": options("vocoder", hop=160)}, "160 samples of a frame.*hop to 320"),
        (
            "vocoder",
            {"network_conf": options("vocoder", in_channels=32)},
            "network_conf.vocoder does not belong to network_conf.adapter.*in_channels 32.*out_channels 24",
        ),
        ("vocoder", {"discriminator": "features", "discriminator_conf": {}}, "does not hear.*period_band"),
        ("joint", {"loss_weights": {"mel": 0, "generative": 0}}, "all weights of mel, generative are 0"),
        (
            "joint",
            {"network_conf": options("vocoder", in_channels=32)},
            "network_conf.vocoder does not belong to network_conf.adapter",
        ),
        ("postnet", {"sample_rate": 16000}, "learns at 48000 Hz, not 16000 Hz"),
        ("postnet", {"network_conf": options("postnet", inputs=1)}, "the PostNet joins 2 waves, not 1"),
    ],
)
def test_wrong_combinations_are_named_before_training(
    part, difference, message, part_config, pairs, tmp_path
):
    with pytest.raises(UserError, match=message) as raised:
        train(part_config(part, **difference), *pairs, tmp_path / "exp", num_workers=0)
    assert "\n" not in str(raised.value)


def test_frozen_networks_of_other_sizes_are_named(part_config, pairs, pack, tmp_path):
    sizes = {**options("adapter", out_channels=16), "vocoder": {**OPTIONS["vocoder"], "in_channels": 16}}
    with pytest.raises(UserError, match="network_conf.adapter does not belong to .*tiny.safetensors.*24"):
        train(part_config("adapter", network_conf=sizes), *pairs, tmp_path / "exp", num_workers=0)
