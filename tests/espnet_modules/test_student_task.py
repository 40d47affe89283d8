"""A student of GAP-URGENet: it learns from its teacher, resumes, and is a SEMamba++ like any other."""

import csv
import shutil

import numpy as np
import pytest
import torch
import yaml

import espnet_plugin
from espnet_plugin import cli
from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.train_stage import train
from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.pretrained.gap_urgenet import save_official
from espnet_plugin.training.training_step import TrainingStep
from tests.espnet_modules.conftest import one_thread
from tests.gap_urgenet.tiny import tiny_network

pytestmark = pytest.mark.espnet

#: Of the student, over the toy configuration: two steps of two segments in each epoch.
SMALL = {
    "separator_conf": {"channels": 4, "state_size": 2, "dense_depth": 1},
    "segment_samples": 9600,
    "num_iters_per_epoch": None,
    "lowest_rate_hz": 0,
    "scheduler_conf": {"gamma": 1.0},
    "keep_nbest_models": 2,
}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """The official files of a tiny GAP-URGENet."""
    folder = tmp_path_factory.mktemp("teacher") / "five files"
    save_official(folder, tiny_network(1))
    return folder


@pytest.fixture(scope="module")
def student_config(tmp_path_factory, repository):
    """A function that writes a difference from the toy student, and returns its path."""
    folder = tmp_path_factory.mktemp("conf")

    def write(**difference):
        base = str(repository / "conf" / "train" / "gap_student_toy.yaml")
        path = folder / f"{len(list(folder.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump({"base": base, **SMALL, **difference}), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def longer(student_config, tmp_path_factory):
    """The configuration of ``student``, which keeps what the teacher gives."""
    kept = {"frozen_cache": str(tmp_path_factory.mktemp("cache")), "segments_per_recording": 2}
    return student_config(max_epoch=5, optim_conf={"lr": 1e-2}, **kept)


@pytest.fixture(scope="module")
def student(longer, pairs, teacher, tmp_path_factory):
    """The folder of a student that has learned for some epochs."""
    folder = tmp_path_factory.mktemp("student") / "exp"
    with one_thread():
        train(longer, *pairs, folder, num_workers=0, teacher=teacher)
    return folder


def read(path):
    return torch.load(path, map_location="cpu", weights_only=True)


def test_learns_from_both_targets(student):
    """Both losses fall, together by a twentieth at least, on data that were not trained on."""
    with (student / "history.csv").open() as stream:
        first, *_, last = csv.DictReader(stream)
    for target in ("clean", "teacher"):
        assert float(last[f"valid_{target}"]) < float(first[f"valid_{target}"])
    assert float(last["valid_loss"]) < 0.95 * float(first["valid_loss"])
    total = float(last["valid_clean"]) + float(last["valid_teacher"])
    assert float(last["valid_loss"]) == pytest.approx(total, rel=1e-4)


def test_nothing_of_the_teacher_is_stored(student, teacher):
    for path in (student / "model.pth", student / "1epoch.pth"):
        if path.is_file():
            assert not [name for name in read(path) if not name.startswith("separator.network.")]
    assert not [name for name in read(student / "checkpoint.pth")["model"] if "teacher" in name]
    stored = yaml.safe_load((student / "config.yaml").read_text(encoding="utf-8"))
    assert stored["frozen"] == {"teacher": str(teacher)}


def test_goes_on_with_the_same_bits(longer, student, pairs, teacher, tmp_path, monkeypatch):
    with one_thread():
        steps, call = [], TrainingStep.__call__

        def stopped(self, *batches):
            steps.append(1)
            if len(steps) == 4:  # in the middle of the second epoch
                raise KeyboardInterrupt
            return call(self, *batches)

        # All that the teacher has to say is kept already.
        monkeypatch.setattr(GapUrgenet, "fuse", lambda *_: pytest.fail("computed again"))
        with monkeypatch.context() as patch, pytest.raises(UserError, match="stopped"):
            patch.setattr(TrainingStep, "__call__", stopped)
            train(longer, *pairs, tmp_path, num_workers=0, teacher=teacher)
        train(longer, *pairs, tmp_path, num_workers=0, teacher=teacher)
    whole, killed = (read(folder / "model.pth") for folder in (student, tmp_path))
    assert whole.keys() == killed.keys()
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    # The teacher is known by the content of its files.
    moved = shutil.copytree(teacher, tmp_path / "moved")
    train(longer, *pairs, tmp_path, num_workers=0, teacher=moved)
    save_official(moved, tiny_network(2))
    with pytest.raises(UserError, match=r"another configuration \(frozen\)"):
        train(longer, *pairs, tmp_path, num_workers=0, teacher=moved)


def test_learns_on_the_fly(student_config, clean_only, make_corpus, teacher, repository, tmp_path):
    """Clean speech alone is at hand; the teacher hears the mixtures that the student hears."""
    mixing = tmp_path / "mixing.yaml"  # without what needs the program ffmpeg
    base = repository / "conf" / "simulate" / "gap_urgenet.yaml"
    mixing.write_text(f"base: {base}\nprob_wind_noise: 0.0\nnum_augmentations: {{0: 1, 1: 0, 2: 0, 3: 0}}\n")
    config = student_config(max_epoch=1)
    options = {"degradation": mixing, "corpus_dir": make_corpus(48000), "teacher": teacher}
    train(config, *clean_only, tmp_path / "exp", num_workers=0, **options)
    with (tmp_path / "exp" / "history.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert all(np.isfinite(float(value)) for value in row.values())


@pytest.mark.parametrize("rate_hz", [48000, 44100, 16000])
def test_is_a_model_like_any_other(student, rate_hz, tmp_path, capsys):
    enhancer = espnet_plugin.load("semamba_pp", student, device="cpu", window_s=0.5, overlap_s=0.1)
    assert enhancer.rate_hz == 48000
    noisy = 0.1 * np.random.default_rng(0).standard_normal((rate_hz // 3 * 2 + 1, 2)).astype(np.float32)
    enhanced = enhancer.enhance(noisy, rate_hz)
    assert enhanced.shape == noisy.shape and enhanced.dtype == np.float32
    assert np.isfinite(enhanced).all() and np.abs(enhanced).max() > 0
    if rate_hz != 48000:
        return
    # One file of ours holds the rate too; the official layout has no place for it.
    assert cli.main(["convert", str(student), str(tmp_path / "student.safetensors")]) == 0
    converted = espnet_plugin.load("semamba_pp", tmp_path / "student.safetensors", device="cpu")
    wave = noisy[:20000]
    whole = espnet_plugin.load("semamba_pp", student, device="cpu")
    np.testing.assert_array_equal(converted.enhance(wave, rate_hz), whole.enhance(wave, rate_hz))
    assert cli.main(["convert", str(student), str(tmp_path / "student.pth")]) == 2
    assert "no place for rate_hz" in capsys.readouterr().err
    assert cli.main(["card", str(student), "--output", str(tmp_path / "card.md")]) == 0
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "restores speech at 48 kHz" in card and "nothing above 24 kHz" in card


def test_its_upper_band_is_its_own(student):
    """Something stands above 8 kHz, where a network at 16 kHz gives nothing."""
    noisy = 0.1 * np.random.default_rng(0).standard_normal(24000).astype(np.float32)
    enhanced = espnet_plugin.load("semamba_pp", student, device="cpu").enhance(noisy, 48000)
    power = np.abs(np.fft.rfft(enhanced)) ** 2
    assert power[len(power) // 3 :].sum() > 1e-4 * power.sum()


def test_stock_espnet_enhances_recordings_of_other_rates(student):
    from espnet_plugin.espnet_modules.inference import SeparateSpeech

    noisy = 0.1 * np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    (enhanced,) = SeparateSpeech(student / "config.yaml", student / "model.pth")(noisy, fs=16000)
    assert enhanced.shape == noisy.shape and np.isfinite(enhanced).all()


@pytest.mark.parametrize(
    "difference, words",
    [
        ({"separator": "gap_postnet", "separator_conf": {}}, "a student is a SEMamba"),
        ({"batch_by_rate": True}, "there is no batch_by_rate"),
        ({"discriminator": "vocoder"}, "learns without discriminator"),
        ({"target_weights": {"teacher": 0}}, "teacher must be a number above 0"),
        ({"target_weights": {"pupil": 1.0}}, "pupil"),
        ({"frozen": {"encoder": "x"}}, "encoder"),
        ({"separator_conf": {"rate_hz": 44100}}, "a multiple of 160 Hz"),
        ({"separator_conf": {"rate_hz": 16000}}, "set 'sample_rate: 16000'"),
        ({"segment_samples": 9601}, "use a multiple of 300"),
        ({"lowest_rate_hz": 96000}, "no recording of 96000 Hz or more"),
    ],
)
def test_what_does_not_go_together_is_refused(difference, words, student_config, pairs, teacher, tmp_path):
    config = load_config(student_config(**difference))
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    given = None if "frozen" in difference else teacher
    with pytest.raises(UserError, match=words):
        train(path, *pairs, tmp_path / "exp", num_workers=0, teacher=given)


def test_a_teacher_is_needed_and_only_by_students(student_config, toy_config, pairs, teacher, tmp_path):
    with pytest.raises(UserError, match="give --teacher"):
        train(student_config(), *pairs, tmp_path / "exp", num_workers=0)
    with pytest.raises(UserError, match="trains no student"):
        train(toy_config(), *pairs, tmp_path / "other", num_workers=0, teacher=teacher)
    with pytest.raises(UserError, match="does not exist"):
        train(student_config(), *pairs, tmp_path / "none", num_workers=0, teacher=tmp_path / "nothing")
