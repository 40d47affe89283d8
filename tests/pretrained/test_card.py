"""Model cards: what is known is on them, what is not is not invented."""

import re

import pytest
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.card import NO_LICENCE, model_card, with_permission, with_repository
from espnet_plugin.pretrained.card_texts import KINDS, STOCK
from espnet_plugin.pretrained.origin import FILE
from espnet_plugin.pretrained.zoo_model import Released, ZooModel, of_experiment, of_network
from tests.pretrained.published import OPTIONS, make_experiment, small_network


@pytest.fixture
def experiment(tmp_path):
    return make_experiment(tmp_path / "small")


def front_matter(card):
    return yaml.safe_load(re.match(r"---\n(.*?)---\n", card, re.DOTALL)[1])


def test_everything_that_the_experiment_tells(experiment):
    card = model_card(of_experiment(experiment), "small", "cc-by-4.0")
    facts = front_matter(card)
    assert facts["license"] == "cc-by-4.0" and facts["language"] == ["deu"]  # the hub has no zh-CN
    assert facts["library_name"] == "espnet" and {"espnet", "audio", "speech-enhancement"} < set(
        facts["tags"]
    )
    assert "# small\n" in card and "1.23 M parameters" in card
    assert "### test (2 files)" in card
    assert "|  | PESQ ↑ | SI-SDR [dB] ↑ |" in card
    assert "| noisy | 1.50 ± 0.25 | −2.00 ± 0.25 |" in card
    assert "| enhanced | 2.25 ± 0.25 | 4.50 ± 0.25 |" in card
    assert "| train | 3 | 0.50 | 2 | 16000 (3) | deu (2), zh-CN (1) | clipping (1) |" in card
    assert "took 2 epochs" in card and "![training curve](images/training_curve.png)" in card
    assert 'ep.load("semamba_pp", checkpoint="ORGANISATION/MODEL")' in card
    assert "espnet_plugin.register()" in card and "--model semamba_pp" in card
    assert "Not causal" in card and "forensics" in card and "can change words" in card
    assert "2603.11669" in card and "under the licence `cc-by-4.0`" in card
    collapsed = re.search(r"<details>.*?```yaml\n(.*?)```\n\n</details>", card, re.DOTALL)[1]
    assert yaml.safe_load(collapsed)["separator_conf"] == OPTIONS
    assert str(experiment.parent) not in card


def test_what_is_not_known_is_left_out_or_said_to_be_unknown(experiment):
    for name in ("scores", "enhanced", "images", "../statistics"):
        for path in sorted((experiment / name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    card = model_card(of_experiment(experiment), "small")
    assert front_matter(card)["license"] == "unknown" and "language" not in front_matter(card)
    assert "licence of the weights is unknown" in card and "data of the training are not described" in card
    for absent in ("## Scores", "This model has", "training curve", "discriminators"):
        assert absent not in card
    bare = model_card(of_network(Released("semamba_pp", OPTIONS, small_network(), 16000)), "bare")
    assert "## Training" not in bare and "## Scores" not in bare


def test_weights_without_a_licence(experiment):
    (experiment / FILE).write_text("semamba_pp\n")
    card = model_card(of_experiment(experiment), "tuned", "mit")
    assert front_matter(card)["license"] == "other" and front_matter(card)["license_name"] == "none-given"
    assert "was trained further from the SEMamba++ authors' checkpoint" in card and NO_LICENCE in card
    assert "What was trained here is under the licence `mit`" in card
    assert (
        f"{NO_LICENCE} Whoever published them here states that permission was given: “by me”"
        in with_permission(card, " by\nme")
    )
    assert with_permission("# own card", "by me").endswith("permission was given: “by me”\n")


def test_the_repository_takes_its_place(experiment):
    card = with_repository(model_card(of_experiment(experiment), "small"), "a/b")
    assert "ORGANISATION" not in card and card.count("a/b") == 3


@pytest.mark.parametrize("separator", [*KINDS, "bsrnn"])
def test_every_kind_of_network(separator):
    kind = KINDS.get(separator, STOCK).of(separator, 16000)
    card = model_card(ZooModel({"separator": separator}, print), separator)
    assert all(limit in card for limit in kind.limits) and "{" not in card.partition("## How")[0]
    assert ("ep.load" in card.partition("## Risks")[0]) == bool(kind.load)
    assert ("## Citation" in card) == bool(kind.citation)


def test_mistakes(experiment):
    model = of_experiment(experiment)
    with pytest.raises(UserError, match="no licence as the hub calls it; give one such as cc-by-4.0"):
        model_card(model, "small", "My Licence")
    (experiment / "scores/test/enhanced/scores.json").write_text("{")
    with pytest.raises(UserError, match="scores.json is damaged"):
        model_card(model, "small")
