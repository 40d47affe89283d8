"""Every mutant of a good submission is found, and nothing in a good one."""

import io
import warnings
import zipfile

import numpy as np
import pytest
import soundfile
import yaml
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.submission import validate
from espnet_plugin.submission.package import make_package
from espnet_plugin.submission.validate import submission_problems
from tests.submission.filled import make_sets, readme

FIRST, SECOND = "enhanced/fileid_0.flac", "enhanced/fileid_1.flac"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The noisy set, and the members of a good submission."""
    folder = tmp_path_factory.mktemp("submission")
    noisy, enhanced = make_sets(folder)
    (folder / "README.yaml").write_text(yaml.safe_dump(readme()))
    assert not make_package(
        enhanced, noisy, folder / "README.yaml", folder / "a.zip", progress=False
    ).problems
    with zipfile.ZipFile(folder / "a.zip") as file:
        members = {name: file.read(name) for name in file.namelist()}
    return noisy, members


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def flac(samples=800, rate_hz=8000, channels=1, subtype="PCM_16", container="FLAC"):
    file = io.BytesIO()
    soundfile.write(file, np.zeros((samples, channels)), rate_hz, format=container, subtype=subtype)
    return file.getvalue()


def check(good, path, members):
    return submission_problems(zipped(path, members), good[0], progress=False)


def test_a_good_one_has_no_problem(good, tmp_path):
    members = good[1].items()
    assert check(good, tmp_path / "a.zip", members) == []
    # Other programs also note the folder down.
    assert check(good, tmp_path / "b.zip", [("enhanced/", b""), *members]) == []


def changed(content):
    def mutate(members):
        members[FIRST] = content

    return mutate


def renamed(old, new):
    def mutate(members):
        members[new] = members.pop(old)

    return mutate


def added(name, content=b"x"):
    def mutate(members):
        members[name] = content

    return mutate


def without(name):
    return lambda members: members.pop(name)


MUTANTS = {
    "missing": (without(FIRST), [f"{FIRST}: is missing"]),
    "extra": (added("enhanced/fileid_7.flac"), ["enhanced/fileid_7.flac: no noisy file has this name"]),
    "renamed": (
        renamed(FIRST, "enhanced/fileid_00.flac"),
        ["enhanced/fileid_00.flac: no noisy file has this name", f"{FIRST}: is missing"],
    ),
    "other suffix": (
        renamed(FIRST, "enhanced/fileid_0.wav"),
        ["enhanced/fileid_0.wav: no noisy file has this name", f"{FIRST}: is missing"],
    ),
    "wrong rate": (changed(flac(rate_hz=16000)), [f"{FIRST}: has 16000 Hz, the noisy file 8000 Hz"]),
    "one sample less": (changed(flac(799)), [f"{FIRST}: has 799 samples, the noisy file 800"]),
    "one sample more": (changed(flac(801)), [f"{FIRST}: has 801 samples, the noisy file 800"]),
    "stereo": (changed(flac(channels=2)), [f"{FIRST}: has 2 channels, not one"]),
    "24 bit": (
        changed(flac(subtype="PCM_24")),
        [f"{FIRST}: has samples of the type PCM_24, not 16 bit (PCM_16)"],
    ),
    "WAV inside": (changed(flac(container="WAV")), [f"{FIRST}: is WAV, not FLAC"]),
    "no audio": (changed(b"hello"), [f"{FIRST}: is damaged: *"]),
    "empty file": (changed(b""), [f"{FIRST}: is damaged: *"]),
    "hidden folder": (
        added("__MACOSX/enhanced/._fileid_0.flac"),
        ["__MACOSX/: this folder with 1 files does not belong here"],
    ),
    "hidden file": (added(".DS_Store"), [".DS_Store: does not belong here"]),
    "hidden file inside": (
        added("enhanced/._fileid_0.flac"),
        ["enhanced/._fileid_0.flac: no noisy file has this name"],
    ),
    "folder inside": (
        added("enhanced/0/fileid_0.flac"),
        ["enhanced/0/: this folder with 1 files does not belong here"],
    ),
    "no README.yaml": (without("README.yaml"), ["README.yaml: is missing"]),
    "README.yml": (
        renamed("README.yaml", "README.yml"),
        ["README.yml: does not belong here", "README.yaml: is missing"],
    ),
    "unknown key": (
        added("README.yaml", yaml.safe_dump(readme(colour="red")).encode()),
        ["README.yaml: unknown key 'colour'; *"],
    ),
    "path traversal": (added("enhanced/../../evil.flac"), ["enhanced/../../evil.flac: the path leads out *"]),
    "absolute path": (added("/etc/passwd"), ["/etc/passwd: the path leads out *"]),
    "path traversal by backslashes": (added("..\\evil"), ["..\\evil: the path leads out *"]),
    "drive": (added("C:/evil"), ["C:/evil: the path leads out *"]),
    "control characters": (added("a\x1b\nb"), ["'a\\x1b\\nb': does not belong here"]),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_found_and_nothing_else(good, tmp_path, mutant):
    mutate, expected = MUTANTS[mutant]
    members = dict(good[1])
    mutate(members)
    found = check(good, tmp_path / "a.zip", members.items())
    assert len(found) == len(expected), found
    for problem, words in zip(found, expected, strict=True):
        assert problem.startswith(words[:-1]) if words.endswith("*") else problem == words
        assert "\n" not in problem


def test_all_problems_are_listed_at_once(good, tmp_path):
    members = dict(good[1])
    for mutate in (without("README.yaml"), changed(flac(799, 16000, 2)), without(SECOND), added("x")):
        mutate(members)
    found = check(good, tmp_path / "a.zip", members.items())
    assert [problem.split(": ")[0] for problem in found] == ["x", "README.yaml", SECOND, FIRST, FIRST, FIRST]


def test_a_name_that_comes_twice(good, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own
        found = check(good, tmp_path / "a.zip", [*good[1].items(), (FIRST, good[1][FIRST])])
    assert found == [f"{FIRST}: is there 2 times"]


def test_a_link(good, tmp_path):
    link = zipfile.ZipInfo(FIRST)
    link.external_attr = 0o120777 << 16
    members = [(link if name == FIRST else name, content) for name, content in good[1].items()]
    assert check(good, tmp_path / "a.zip", members) == [f"{FIRST}: is a link"]


def test_over_size(good, tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", good[1].items())
    monkeypatch.setattr(validate, "SIZE_LIMIT_BYTES", path.stat().st_size)
    (problem,) = submission_problems(path, good[0], progress=False)
    assert problem.startswith("has 0.0 MB, but it has to be below")
    monkeypatch.setattr(validate, "SIZE_LIMIT_BYTES", path.stat().st_size + 1)
    assert submission_problems(path, good[0], progress=False) == []


def test_the_limit_is_300_mb():
    assert validate.SIZE_LIMIT_BYTES == 300 * 10**6


def test_members_that_would_fill_the_memory_are_not_unpacked(good, tmp_path, monkeypatch):
    monkeypatch.setattr(validate, "README_LIMIT_BYTES", 100)
    assert "README.yaml: cannot be unpacked" in check(good, tmp_path / "a.zip", good[1].items())[0]


@given(data=st.data())
def test_a_damaged_flac_is_found_wherever_it_is_damaged(good, tmp_path_factory, data):
    content = bytearray(good[1][SECOND])
    frames = content.index(b"libFLAC") + 40  # behind it, every bit matters
    position = data.draw(st.integers(frames, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    members = {**good[1], SECOND: bytes(content)}
    found = check(good, tmp_path_factory.mktemp("damaged") / "a.zip", members.items())
    assert found and all(problem.startswith(f"{SECOND}: ") for problem in found)


@given(part=st.floats(0, 0.999))
def test_a_flac_that_is_cut_off_is_found(good, tmp_path_factory, part):
    members = {**good[1], SECOND: good[1][SECOND][: int(part * len(good[1][SECOND]))]}
    found = check(good, tmp_path_factory.mktemp("cut") / "a.zip", members.items())
    assert found and all(problem.startswith(f"{SECOND}: ") for problem in found)


@given(part=st.floats(0, 0.999))
def test_a_zip_that_is_cut_off_is_found(good, tmp_path_factory, part):
    path = zipped(tmp_path_factory.mktemp("cut") / "a.zip", good[1].items())
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    (problem,) = submission_problems(path, good[0], progress=False)
    assert problem.startswith("is no whole zip file")


@given(position=st.floats(0, 0.999), value=st.integers(1, 255))
def test_a_zip_with_other_bytes_ends_in_no_traceback(good, tmp_path_factory, position, value):
    path = zipped(tmp_path_factory.mktemp("bytes") / "a.zip", good[1].items())
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= value
    path.write_bytes(content)
    assert all("\n" not in problem for problem in submission_problems(path, good[0], progress=False))


def test_mistakes_of_the_call(good, tmp_path):
    with pytest.raises(UserError, match="nowhere.zip does not exist"):
        submission_problems(tmp_path / "nowhere.zip", good[0])
    (problem,) = submission_problems(tmp_path, good[0])
    assert problem.startswith("is no whole zip file")
    noisy = {**good[0], "fileid_0": tmp_path / "gone.flac"}
    members = {**good[1], "enhanced/gone.flac": good[1][FIRST]}
    with pytest.raises(UserError, match="gone.flac does not exist"):
        submission_problems(zipped(tmp_path / "a.zip", members.items()), noisy, progress=False)
