"""``urgent26 card``: where the card goes, and that nothing is overwritten."""

import pytest

from espnet_plugin import cli
from tests.pretrained.published import make_experiment


@pytest.fixture
def experiment(tmp_path):
    return make_experiment(tmp_path / "small")


def card(*arguments):
    return cli.main(["card", *map(str, arguments)])


def test_the_card_lies_in_the_experiment(experiment, capsys):
    assert card(experiment, "--license", "cc-by-4.0") == 0
    assert f"written: {experiment / 'README.md'}" in capsys.readouterr().out
    written = (experiment / "README.md").read_text()
    assert "license: cc-by-4.0" in written and "| enhanced | 2.25" in written
    assert card(experiment) == 2
    assert "README.md exists; add --force to replace it" in capsys.readouterr().err
    assert (experiment / "README.md").read_text() == written
    assert card(experiment, "--force") == 0 and "license: unknown" in (experiment / "README.md").read_text()


def test_another_place(experiment, tmp_path, capsys):
    assert card(experiment, "--output", tmp_path / "new" / "card.md") == 0
    assert (tmp_path / "new" / "card.md").is_file() and not (experiment / "README.md").exists()
    assert card(tmp_path / "nothing") == 2
    assert "train the model first (stage 5)" in capsys.readouterr().err
    assert card(experiment, "--license", "all mine", "--output", tmp_path / "x.md") == 2
    assert "no licence as the hub calls it" in capsys.readouterr().err
