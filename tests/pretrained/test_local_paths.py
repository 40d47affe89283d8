"""What texts tell about a machine, and what stays."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from espnet_plugin.pretrained.local_paths import config_without_paths, without_paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/me/noisy", "noisy"),
        ("a=/data/me/noisy\\,/data/me/my\\ clean end", "a=noisy\\,my\\ clean end"),
        ("see 'file:///home/me/x.wav', \"/srv/y/\"", "see 'x.wav', \"y\""),
        ("~/rooms/a and ~me/rooms/b", "a and b"),
        ("https://host/path/x, and/or, 1/2, a / b, scores/<set>/*.scp", None),
        ("![x](images/x.png) [y](../y.md) </details> <details>", None),
        ("arXiv:2603.11669 ./run.sh --expdir exp/a", None),
    ],
)
def test_paths(text, expected):
    assert without_paths(text) == (text if expected is None else expected)


def test_this_place_and_this_machine(tmp_path, monkeypatch):
    place = tmp_path / "my own folder"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(tmp_path / "a home"))
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu-07")
    text = f"{place}/exp/x and {place}, {Path.home()}/y on gpu-07 (gpu-071)"
    assert without_paths(text) == "exp/x and , y on HOST (gpu-071)"
    monkeypatch.setattr(socket, "gethostname", lambda: "model")
    assert without_paths("a model") == "a model"


def test_configurations():
    config = {
        "a": ["/x/y z", "C:\\data\\me\\f.scp", 3, None, True],
        "b": {"c": "plain/relative", "d": "/one two/x"},
    }
    expected = {"a": ["y z", "f.scp", 3, None, True], "b": {"c": "plain/relative", "d": "x"}}
    assert config_without_paths(config) == expected


@given(
    some.lists(some.text("abcäß019_-.+", min_size=1), min_size=2, max_size=5), some.sampled_from(" \n='\"(,:")
)
def test_nothing_but_the_last_part_stays(parts, before):
    path = "/" + "/".join(f"x{part}" for part in parts)
    assert without_paths(f"{before}{path}") == f"{before}x{parts[-1]}"
    assert config_without_paths(path) == f"x{parts[-1]}"
