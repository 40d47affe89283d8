import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.names import list_id, list_ids, parse_test_set, parse_test_sets


@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_ids_never_hold_blanks(stem):
    identifier = list_id(stem)
    assert identifier.split() == [identifier] and "/" not in identifier


def test_ids_that_clash_are_an_error():
    assert list(list_ids({"b 1": Path("y"), "a/1": Path("x")})) == ["a_1", "b_1"]
    with pytest.raises(UserError, match="share the id a_1"):
        list_ids({"a/1": Path("x"), "a_1": Path("y")})


def test_test_sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("noisy", "clean", "a, b", "c"):
        Path(name).mkdir()
    assert parse_test_set("real=noisy") == ("real", Path("noisy"), None)
    assert parse_test_set("real=noisy,clean") == ("real", Path("noisy"), Path("clean"))
    assert parse_test_set("real=a, b,c") == ("real", Path("a, b"), Path("c"))
    assert parse_test_set("real=a, b") == ("real", Path("a, b"), None)


@pytest.mark.parametrize(
    "argument, words",
    [
        ("noisy", "NAME=NOISY_DIR"),
        ("real=", "NAME=NOISY_DIR"),
        ("my set=noisy", "letters, digits"),
        ("../x=noisy", "letters, digits"),
        ("test=noisy", "belongs to the corpus"),
        ("real=nowhere", "the folder nowhere does not exist"),
        ("real=noisy,nowhere", "the folder nowhere does not exist"),
    ],
)
def test_bad_test_sets(tmp_path, monkeypatch, argument, words):
    monkeypatch.chdir(tmp_path)
    Path("noisy").mkdir()
    with pytest.raises(UserError, match=re.escape(words)):
        parse_test_set(argument)


def test_a_name_twice(tmp_path):
    with pytest.raises(UserError, match="twice"):
        parse_test_sets([f"a={tmp_path}", f"a={tmp_path}"])
