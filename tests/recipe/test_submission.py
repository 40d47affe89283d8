"""Stage 8 on data folders as stages 3 and 6 leave them."""

import zipfile

import pytest
import soundfile
import yaml

from espnet_plugin.audio.scp import write_scp
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.stage import Stage
from espnet_plugin.recipe.submission import package_experiment
from tests.submission.filled import make_sets, readme


@pytest.fixture
def recipe(tmp_path):
    """Two test sets: `test` of the corpus and `blind`."""
    (tmp_path / "README.yaml").write_text(yaml.safe_dump(readme()))
    for name in ("test", "blind"):
        noisy, enhanced = make_sets(tmp_path / name)
        data, speech = tmp_path / "data" / name, tmp_path / "exp" / "enhanced" / name
        write_scp(data / "wav.scp", noisy)
        write_scp(speech / "spk1.scp", enhanced)
        Stage(data, "format", {"source": name}).finish()
        Stage(speech, "enhance", {}).finish()
    return tmp_path


def package(recipe, set_name=None, **options):
    return package_experiment(recipe / "data", recipe / "exp", recipe / "README.yaml", set_name, **options)


def test_the_set_of_the_organisers_is_packaged_once(recipe, capsys):
    assert package(recipe) == 0
    archive = recipe / "exp" / "submission" / "blind" / "submission.zip"
    assert "6 files" in capsys.readouterr().out
    with zipfile.ZipFile(archive) as file:
        assert len(file.namelist()) == 7
    written = archive.stat().st_mtime_ns
    assert package(recipe) == 0 and "already done" in capsys.readouterr().out
    assert archive.stat().st_mtime_ns == written
    archive.unlink()
    assert package(recipe) == 0 and archive.is_file()
    assert package(recipe, "test") == 0 and (recipe / "exp/submission/test/submission.zip").is_file()


def test_another_readme_makes_it_again_and_a_bad_one_leaves_no_old_zip(recipe, capsys):
    assert package(recipe) == 0
    archive = recipe / "exp" / "submission" / "blind" / "submission.zip"
    before = archive.read_bytes()
    (recipe / "README.yaml").write_text(yaml.safe_dump(readme(team="Quieter")))
    assert package(recipe) == 0 and archive.read_bytes() != before
    (recipe / "README.yaml").write_text(yaml.safe_dump(readme(team=None, domain=None)))
    assert package(recipe) == 2 and not archive.exists()
    problems = [line for line in capsys.readouterr().err.splitlines() if line.startswith("stage 8: ")]
    assert [line.rsplit("README.yaml: ")[1].split(":")[0] for line in problems] == ["team", "domain"]
    assert package(recipe) == 2


def test_mistakes(recipe):
    with pytest.raises(UserError, match="no test set other; --submission_set takes one of test, blind"):
        package(recipe, "other")
    (recipe / "exp/enhanced/blind/enhance.stage.json").unlink()
    with pytest.raises(UserError, match="blind is not enhanced yet .*run stage 6"):
        package(recipe)
    Stage(recipe / "data" / "more", "format", {"source": "more"}).finish()
    with pytest.raises(UserError, match="choose by --submission_set: test, blind, more"):
        package(recipe)
    wrong = recipe / "test" / "enhanced" / "fileid_0.wav"
    soundfile.write(wrong, [0.0] * 3, 8000)
    assert package(recipe, "test") == 2
