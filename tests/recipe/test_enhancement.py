"""Stage 6 with a given checkpoint, and models side by side."""

import json

import numpy as np
import pytest
import soundfile

from espnet_plugin.audio.scp import read_scp, write_scp
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.gap_urgenet import save_pack
from espnet_plugin.recipe.enhancement import enhance_sets
from espnet_plugin.recipe.overview import write_overview
from espnet_plugin.recipe.stage import Stage
from tests.gap_urgenet.tiny import tiny_network


@pytest.fixture
def data(tmp_path):
    """Data folders of two test sets, at 16 and at 44.1 kHz, and of one that was trained on."""
    random = np.random.default_rng(0)
    for name, rate_hz in (("test", 16000), ("mine", 44100), ("train", 16000)):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        files = {f"{name}{number}": folder / f"{number}.wav" for number in range(2)}
        for path in files.values():
            soundfile.write(path, 0.1 * random.standard_normal(rate_hz // 4), rate_hz)
        write_scp(folder / "wav.scp", files)
        stage = Stage(folder, "format", {"source": str(folder)})
        stage.start()
        stage.finish({})
    return tmp_path / "data"


@pytest.fixture
def config(repository):
    return repository / "conf" / "enhance" / "gap_urgenet.yaml"


def test_official_files_enhance_the_test_sets_once(data, official, config, tmp_path, capsys):
    experiment = tmp_path / "exp" / "gap_urgenet"
    enhance_sets(config, data, experiment, checkpoint=official)
    assert sorted(path.name for path in (experiment / "enhanced").iterdir()) == ["mine", "test"]
    for name in ("test", "mine"):
        noisy = read_scp(data / name / "wav.scp")
        enhanced = read_scp(experiment / "enhanced" / name / "spk1.scp")
        assert noisy.keys() == enhanced.keys()
        for identifier, path in enhanced.items():
            before, after = soundfile.info(noisy[identifier]), soundfile.info(path)
            assert (before.frames, before.samplerate) == (after.frames, after.samplerate)
            assert soundfile.read(path)[0].any()
    capsys.readouterr()
    enhance_sets(config, data, experiment, checkpoint=official)
    assert capsys.readouterr().out.count("already done") == 2


def test_other_weights_are_not_mixed_in(data, official, config, tmp_path):
    experiment = tmp_path / "exp" / "gap_urgenet"
    enhance_sets(config, data, experiment, checkpoint=official)
    before = {path: path.read_bytes() for path in experiment.rglob("*.wav")}
    save_pack(tmp_path / "other.safetensors", tiny_network(seed=1))
    with pytest.raises(UserError, match="weights: .* -> .*add --force"):
        enhance_sets(config, data, experiment, checkpoint=tmp_path / "other.safetensors")
    assert before == {path: path.read_bytes() for path in experiment.rglob("*.wav")}
    enhance_sets(config, data, experiment, checkpoint=tmp_path / "other.safetensors", force=True)
    assert all(path.read_bytes() != content for path, content in before.items())


def test_mistakes_are_told_before_anything_is_written(data, official, config, tmp_path):
    experiment = tmp_path / "exp" / "gap_urgenet"
    (official / "Vocoder.pt").unlink()
    with pytest.raises(UserError, match="Vocoder.pt is missing"):
        enhance_sets(config, data, experiment, checkpoint=official)
    with pytest.raises(UserError, match="model.pth does not exist; run stage 5 .* first, or .*--checkpoint"):
        enhance_sets(config, data, experiment)
    typing_error = tmp_path / "typo.yaml"
    typing_error.write_text(f"base: {config}\nbranhc: fused\n")
    with pytest.raises(UserError, match="did you mean 'branch'"):
        enhance_sets(typing_error, data, experiment, checkpoint=official)
    assert not experiment.exists()


def scores(expdir, experiment, name, noisy, enhanced):
    for side, pesq in (("noisy", noisy), ("enhanced", enhanced)):
        folder = expdir / experiment / "scores" / name / side
        folder.mkdir(parents=True)
        content = {"files": 3, "metrics": {"PESQ": {"mean": pesq}, "LSD": {"mean": None}}}
        (folder / "scores.json").write_text(json.dumps(content))


def test_models_stand_side_by_side(tmp_path):
    scores(tmp_path, "gap_urgenet", "test", 1.25, 2.5)
    assert write_overview(tmp_path) is None and not any(tmp_path.glob("*.md"))
    scores(tmp_path, "semamba_pp", "test", 1.25, 2.125)
    scores(tmp_path, "semamba_pp", "mine", 1.5, 1.75)
    lines = write_overview(tmp_path).read_text(encoding="utf-8").splitlines()
    start = lines.index("## test (3 files)")
    table = [line for line in lines[start:] if line.startswith("|")][:5]
    assert table[0].startswith("|  | PESQ ↑ |") and table[2].startswith("| noisy | 1.25 | – |")
    assert table[3].startswith("| [gap_urgenet](gap_urgenet/RESULTS.md) | 2.50 | – |")
    assert table[4].startswith("| [semamba_pp](semamba_pp/RESULTS.md) | 2.12 | – |")
    assert "## mine (3 files)" in lines


def test_sets_of_one_name_with_other_speech_are_kept_apart(tmp_path):
    for number, noisy in enumerate((1.25, 1.25, 1.5)):
        scores(tmp_path, f"model{number}", "test", noisy, 2.0)
    text = write_overview(tmp_path).read_text(encoding="utf-8")
    assert text.count("## test (3 files)") == 2 and text.count("| noisy |") == 2
