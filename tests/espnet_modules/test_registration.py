"""Registration: once or twice is the same, nobody is overwritten, wrong classes are refused."""

import pytest

from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet


@pytest.fixture
def choices():
    from espnet2.enh.separator.abs_separator import AbsSeparator
    from espnet2.train.class_choices import ClassChoices

    return ClassChoices("separator", classes={}, type_check=AbsSeparator)


@pytest.fixture
def separator():
    from espnet_plugin.espnet_modules.semamba_pp_separator import SEMambaPPSeparator

    return SEMambaPPSeparator


def test_registering_again_changes_nothing():
    from espnet2.tasks.enh import separator_choices

    from espnet_plugin.espnet_modules.registration import register

    register()
    before = dict(separator_choices.classes)
    register()
    assert separator_choices.classes == before
    names = {"semamba_pp", "gap_predictor", "gap_postnet", "gap_urgenet"}
    assert {separator_choices.get_class(name).name for name in names} == names


def test_joint_task_knows_the_separator_too():
    from espnet2.tasks import enh_s2t

    from espnet_plugin.espnet_modules.registration import register

    enh_s2t.enh_separator_choices.classes.pop("semamba_pp", None)
    register()
    assert "semamba_pp" in enh_s2t.enh_separator_choices.classes


def test_another_class_of_that_name_is_not_overwritten(choices, separator):
    from espnet_plugin.espnet_modules.registration import add_class

    other = type("Other", (separator,), {})
    add_class(choices, "semamba_pp", other)
    with pytest.raises(UserError, match="already has the separator 'semamba_pp'.*Other"):
        add_class(choices, "semamba_pp", separator)
    assert choices.classes["semamba_pp"] is other


def test_wrong_base_class_and_upper_case_are_refused(choices, separator):
    from espnet_plugin.espnet_modules.registration import add_class

    with pytest.raises(TypeError, match="must derive from AbsSeparator"):
        add_class(choices, "semamba_pp", dict)
    with pytest.raises(ValueError, match="lower case"):
        add_class(choices, "SEMamba_pp", separator)
    assert choices.classes == {}
