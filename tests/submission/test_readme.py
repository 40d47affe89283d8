"""README.yaml: the form, and what is refused."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.submission.readme import NUMBERED, SCALARS, TEMPLATE, readme_problems
from tests.submission.filled import README, readme


def problems(**changes):
    return readme_problems(yaml.safe_dump(readme(**changes), sort_keys=False).encode())


def test_a_filled_one_is_accepted():
    assert problems() == []
    assert problems(use_additional_rirs=False, additional_rir_info={}) == []
    models = {1: {"name": "WavLM", "link": "https://example.org", "usage": "features"}}
    assert problems(use_pretrained_models=True, pretrained_models=models, model_size="36.0 [M]") == []


def test_the_form_has_every_key_and_is_not_accepted_as_it_is():
    form = yaml.safe_load(TEMPLATE)
    assert set(form) == {*SCALARS, *NUMBERED} == set(README)
    assert all(set(form[key][1]) == set(fields) for key, fields in NUMBERED.items())
    found = readme_problems(TEMPLATE.encode())
    assert len(found) == len(SCALARS) + 1
    for key in (*SCALARS, "team_members"):
        assert any(problem.startswith(f"{key}: ") for problem in found), key
    # What a form holds for lists that one does not need may stay.
    unused = {key: form[key] for key in ("additional_rir_info", "pretrained_models")}
    assert problems(**unused, use_additional_rirs=False) == []


@pytest.mark.parametrize("key", README)
def test_every_key_has_to_be_there(key):
    assert problems(**{key: ...})[0] == f"the key '{key}' is missing"


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"loss_function": "L1"}, "unknown key 'loss_function'; did you mean 'loss_funcition'?"),
        ({"team": 7}, "team: has to be text"),
        ({"team": "  "}, "team: has to be text"),
        ({"domain": None}, "domain: is not filled in"),
        ({"team_email": "email_for_receiving_notification"}, "team_email: has to be an address"),
        ({"use_additional_rirs": "maybe"}, "use_additional_rirs: has to be true or false"),
        ({"use_additional_rirs": False}, "has entries, but use_additional_rirs is false"),
        ({"additional_rir_info": None}, "nothing is filled in, but use_additional_rirs is true"),
        ({"use_pretrained_models": True}, "nothing is filled in, but use_pretrained_models is true"),
        ({"model_size": 2660000}, "model_size: is in million"),
        ({"model_size": "small"}, "model_size: has to be the number"),
        ({"model_size": 0}, "model_size: has to be the number"),
        ({"model_size": True}, "model_size: has to be the number"),
        ({"model_size": float("nan")}, "model_size: has to be the number"),
        ({"team_members": ["A"]}, "team_members: has to be numbered"),
        ({"team_members": {}}, "team_members: nothing is filled in"),
        ({"team_members": {2: {"name": "A", "affiliation": "B"}}}, "have to be 1, 2, ..., not 2"),
        ({"team_members": {1: {"name": "A"}}}, "the key 'team_members, 1, affiliation' is missing"),
        ({"team_members": {1: {"name": "A", "affiliation": None}}}, "1, affiliation: is not filled in"),
        (
            {"team_members": {1: {"name": "A", "affiliation": "B", "age": 3}}},
            "team_members, 1: unknown key 'age'",
        ),
        (
            {"additional_rir_info": {1: {"is_real": "no!", "source": "x", "number_of_samples": 1.5}}},
            "additional_rir_info, 1, is_real: has to be true or false",
        ),
    ],
)
def test_mistakes_are_named_with_their_key(changes, words):
    found = problems(**changes)
    assert any(words in problem for problem in found), found
    assert all("\n" not in problem for problem in found)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "holds no keys"),
        (b"- a\n", "holds no keys"),
        (b"team: [\n", "no valid YAML in line"),
        (b"team: !!python/object:os.x {}\n", "no valid YAML in line 1"),
        (b"team: 2026-02-31\n", "no valid YAML"),
        (b"team: \xff\n", "no UTF-8 text"),
        (b"team: " + 5000 * b"[", "no valid YAML"),
        (b"? [a]\n: 1\n", "no valid YAML in line 1"),
        (yaml.safe_dump(README).encode() + b"team: Other\n", "the key 'team' comes twice"),
    ],
)
def test_files_that_are_no_readme(content, words):
    found = readme_problems(content)
    assert len(found) == 1 and words in found[0] and "\n" not in found[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.dates(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([1, 2, "name", "a\nb", "\x1b"]), inner, max_size=3),
    max_leaves=6,
)


@given(key=st.sampled_from(list(README)), value=VALUES)
def test_any_value_ends_in_lines_and_no_traceback(key, value):
    assert all(problem.isprintable() for problem in problems(**{key: value}))


def test_aliases_that_lead_in_a_circle():
    assert readme_problems(b"team_members: &all\n  1: *all\n")


def test_a_member_that_comes_twice():
    text = yaml.safe_dump(README).replace("  2:", "  1:")
    assert any("the key '1' comes twice" in problem for problem in readme_problems(text.encode()))
