"""The verbs `package` and `validate`."""

import zipfile

import pytest
import yaml

from espnet_plugin.audio.scp import write_scp
from espnet_plugin.cli import main
from tests.submission.filled import make_sets, readme


@pytest.fixture
def sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.yaml").write_text(yaml.safe_dump(readme()))
    make_sets(tmp_path)
    return tmp_path


def package(*extra):
    return main(
        ["package", "--inf_scp", "enhanced", "--noisy_scp", "noisy", "--readme", "README.yaml"]
        + ["-o", "my.zip", "--nj", "1", *extra]
    )


def lines(capsys, verb):
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(f"urgent26 {verb}: ")]


def test_folders_and_lists(sets, capsys):
    assert package() == 0
    assert "written: my.zip (6 files, 0.0 MB)" in capsys.readouterr().out
    assert main(["validate", "my.zip", "--noisy_scp", "noisy"]) == 0
    assert "my.zip: 6 files and README.yaml are as they should be" in capsys.readouterr().out
    before = (sets / "my.zip").read_bytes()
    for folder in ("noisy", "enhanced"):
        write_scp(f"{folder}.scp", {path.stem: path for path in (sets / folder).iterdir()})
    assert package("--inf_scp", "enhanced.scp", "--noisy_scp", "noisy.scp", "--force") == 0
    assert (sets / "my.zip").read_bytes() == before


def test_all_problems_are_listed_with_exit_code_2(sets, capsys):
    assert package() == 0
    (sets / "enhanced" / "fileid_0.wav").unlink()
    (sets / "enhanced" / "fileid_1.wav").write_bytes(b"")
    assert package("-o", "other.zip") == 2
    assert len(lines(capsys, "package")) == 2 and not (sets / "other.zip").exists()
    with zipfile.ZipFile("my.zip", "a") as file:
        file.writestr("__MACOSX/x", b"")
        file.writestr("y", b"")
    (sets / "noisy" / "fileid_5.flac").unlink()
    assert main(["validate", "my.zip", "--noisy_scp", "noisy", "--nj", "1"]) == 2
    problems = lines(capsys, "validate")
    assert len(problems) == 3 and all(line.startswith("urgent26 validate: my.zip: ") for line in problems)


def test_the_form(sets, capsys):
    assert main(["package", "--template", "form.yaml"]) == 0
    assert "team_email" in yaml.safe_load((sets / "form.yaml").read_text())
    assert main(["package", "--template", "form.yaml"]) == 2
    assert "add --force" in capsys.readouterr().err
    assert main(["package", "--template", "form.yaml", "--force"]) == 0
    assert package("--readme", "form.yaml") == 2
    assert "urgent26 package: form.yaml: team: is not filled in" in lines(capsys, "package")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["package"], "--inf_scp is missing"),
        (["package", "--inf_scp", "enhanced", "--noisy_scp", "noisy"], "--readme is missing"),
        (["validate", "nowhere.zip", "--noisy_scp", "noisy"], "nowhere.zip does not exist"),
        (["validate", "my.zip", "--noisy_scp", "nowhere"], "nowhere does not exist"),
        (["validate", "my.zip", "--noisy_scp", "noisy", "--nj", "0"], "--nj must be at least 1"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(sets, capsys, arguments, words):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
