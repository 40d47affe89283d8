"""What visitors may choose."""

import argparse

import pytest

from espnet_plugin.commands.model_choice import add_model_arguments
from espnet_plugin.enhance.enhancer import HIGHBANDS
from espnet_plugin.enhance.level import LEVELS
from espnet_plugin.errors import UserError
from espnet_plugin.serve.options import checked_options, options_of, with_options
from tests.enhance.idle import Idle


def test_each_model_has_its_own():
    enhancer = Idle(level="match", highband="keep")
    enhancer.branch = "generative"
    found = {
        model: {one.name: one for one in options_of(model, enhancer)}
        for model in ("semamba_pp", "gap_urgenet", "espnet")
    }
    assert {model: list(options) for model, options in found.items()} == {
        "semamba_pp": ["level", "highband"],
        "gap_urgenet": ["branch", "level"],
        "espnet": ["level", "highband"],
    }
    assert {name: one.value for name, one in found["semamba_pp"].items()} == {
        "level": "match",
        "highband": "keep",
    }
    assert found["gap_urgenet"]["branch"].value == "generative"
    parser = argparse.ArgumentParser()
    add_model_arguments(parser)
    (branches,) = (action.choices for action in parser._actions if action.dest == "branch")
    for model in found.values():
        for name, known in (("level", LEVELS), ("highband", HIGHBANDS), ("branch", branches)):
            assert name not in model or tuple(model[name].choices) == known
    assert found["espnet"]["highband"].title == "Above 8 kHz"


def test_only_what_the_model_has_is_accepted():
    options = options_of("semamba_pp", Idle())
    assert checked_options(options, {"level": "peak"}) == {"level": "peak"}
    for wanted in ({"branch": "fused"}, {"network": "x"}, {"level": ""}, {"window_s": "1e9"}):
        with pytest.raises(UserError):
            checked_options(options, wanted)


def test_the_next_visitor_gets_the_defaults():
    enhancer = Idle()
    other = with_options(enhancer, {"level": "peak"})
    assert other.level == "peak" and enhancer.level == "keep" and other.network is enhancer.network
