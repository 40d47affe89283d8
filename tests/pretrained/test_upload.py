"""Packs on a stand-in of the hub: new, the same again, changed, foreign, forbidden, and cut off."""

import re
import zipfile

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.upload import MARK, upload
from espnet_plugin.pretrained.zoo_model import Released, of_network
from espnet_plugin.pretrained.zoo_pack import pack_experiment, pack_model
from tests.pretrained.hub_stand_in import TOKEN, Repository, used_hub
from tests.pretrained.published import OPTIONS, make_experiment, small_network

NAME = "some-group/small"


@pytest.fixture
def hub(monkeypatch):
    with used_hub(monkeypatch) as hub:
        yield hub


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return make_experiment(tmp_path_factory.mktemp("exp") / "small")


@pytest.fixture(scope="module")
def pack(experiment, tmp_path_factory):
    return pack_experiment(experiment, tmp_path_factory.mktemp("pack") / "small.zip")


def content(pack):
    with zipfile.ZipFile(pack) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_new_repository_and_a_second_call_that_changes_nothing(hub, pack):
    plan = upload(pack, NAME, message="first", private=True)
    repository = hub.repositories[NAME]
    assert plan.create and repository.private
    assert repository.commits == ["initial commit", f"{MARK}: first"]
    expected = content(pack)
    expected["README.md"] = expected["README.md"].replace(b"ORGANISATION/MODEL", NAME.encode())
    del repository.files[".gitattributes"]
    assert repository.files == expected and expected["README.md"].count(NAME.encode()) == 3
    assert set(hub.large.values()) == {
        expected["model.pth"],
        expected["images/training_curve.png"],
        *(value for value in expected.values() if len(value) > 2000),
    }
    before = len(hub.sent())
    assert upload(pack, NAME).to_send == ()
    assert len(hub.sent()) == before and len(repository.commits) == 2
    assert not list(pack.parent.glob(".upload.*"))


def test_only_what_differs_is_sent(hub, pack, experiment, tmp_path):
    upload(pack, NAME)
    hub.calls.clear()
    (experiment / "README.md").write_text("---\nlicense: mit\n---\n# Mine\n")
    try:
        changed = pack_experiment(experiment, tmp_path / "again.zip")
    finally:
        (experiment / "README.md").unlink()
    plan = upload(changed, NAME)
    assert plan.changed == ("README.md",) and plan.new == () and plan.foreign == ()
    assert [call.partition(" ")[0] for call in hub.sent()] == ["POST"]
    assert hub.repositories[NAME].files["README.md"] == b"---\nlicense: mit\n---\n# Mine\n"


def test_files_of_others_stay(hub, pack):
    repository = hub.repositories[NAME] = Repository()
    repository.put("Update README.md", {"README.md": b"theirs", "notes.txt": b"theirs too"})
    with pytest.raises(
        UserError, match="other versions of README.md, which this tool did not write.*--overwrite"
    ):
        upload(pack, NAME)
    assert not hub.sent() and repository.files["README.md"] == b"theirs"
    plan = upload(pack, NAME, dry_run=True)
    assert plan.foreign == ("README.md",) and not hub.sent()
    assert any(re.match(r"not ours .* README.md$", line) for line in plan.lines())
    upload(pack, NAME, overwrite=True)
    assert repository.files["README.md"].startswith(b"---") and repository.files["notes.txt"] == b"theirs too"


def test_a_connection_that_breaks(hub, pack):
    hub.cut = "^PUT"
    with pytest.raises(UserError, match="connection to .* failed .*run the same command again") as error:
        upload(pack, NAME)
    assert "\n" not in str(error.value) and TOKEN not in str(error.value)
    assert hub.repositories[NAME].commits == ["initial commit"] and not hub.large
    hub.cut = "/commit/"
    with pytest.raises(UserError, match="run the same command again"):
        upload(pack, NAME)
    hub.cut = ""
    hub.calls.clear()
    upload(pack, NAME)
    assert [call.partition(" ")[0] for call in hub.sent()] == ["POST"]  # large files had arrived
    assert hub.repositories[NAME].commits[1:] == [MARK]
    hub.cut = "."
    with pytest.raises(UserError, match="connection to"):
        upload(pack, NAME)


def test_somebody_was_faster(hub, pack, monkeypatch):
    upload(pack, NAME)
    from huggingface_hub import HfApi

    commit = HfApi.create_commit

    def late(self, *arguments, **options):
        hub.repositories[NAME].put("Update README.md", {"README.md": b"theirs"})
        return commit(self, *arguments, **options)

    monkeypatch.setattr(HfApi, "create_commit", late)
    hub.repositories[NAME].put(f"{MARK}: before", {"config.yaml": b"old"})
    with pytest.raises(UserError, match="changed meanwhile by somebody else"):
        upload(pack, NAME)
    assert hub.repositories[NAME].files["README.md"] == b"theirs"


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        ("repos/create", 403, "the token may not write to some-group"),
        ("/commit/", 403, "the token may not write"),
        ("GET ", 401, "does not accept the token"),
        ("/preupload/", 413, r"the hub refused some-group/small \(status 413"),
    ],
)
def test_what_the_hub_refuses(hub, pack, call, status, words):
    hub.refuse = {call: status}
    with pytest.raises(UserError, match=words) as error:
        upload(pack, NAME)
    assert "\n" not in str(error.value) and TOKEN not in str(error.value)


def test_tokens_and_names(hub, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(UserError, match="does not accept the token"):
        upload(pack, NAME)
    from huggingface_hub import constants

    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="there is none: run 'hf auth login'.*HF_TOKEN"):
        upload(pack, NAME)
    assert upload(pack, NAME, dry_run=True).create  # for which nobody needs a token
    with pytest.raises(UserError, match="the form is ORGANISATION/NAME"):
        upload(pack, "small")
    with pytest.raises(UserError, match="one line"):
        upload(pack, NAME, message="a\nb")
    with pytest.raises(UserError, match="does not exist"):
        upload(tmp_path / "nothing.zip", NAME)
    (tmp_path / "damaged.zip").write_bytes(pack.read_bytes()[:1000])
    with pytest.raises(UserError, match="damaged or no pack"):
        upload(tmp_path / "damaged.zip", NAME)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("meta.yaml", "")
    with pytest.raises(UserError, match="config.yaml is missing"):
        upload(tmp_path / "other.zip", NAME)
    assert not hub.sent()


def test_a_public_repository_does_not_become_private_silently(hub, pack):
    upload(pack, NAME)
    with pytest.raises(UserError, match="exists and is public"):
        upload(pack, NAME, private=True)


def test_members_that_lead_out_are_refused(hub, pack, tmp_path):
    files = content(pack)
    for name in ("../outside", "/outside", "a/.git/config"):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            for member, data in {**files, name: b"x"}.items():
                archive.writestr(member, data)
        with pytest.raises(UserError, match="outside of its folder"):
            upload(tmp_path / "bad.zip", NAME)
    assert not hub.calls


def test_a_dry_run_without_the_hub(hub, pack):
    hub.cut = "."
    plan = upload(pack, NAME, dry_run=True)
    assert "connection to" in plan.unknown and len(plan.lines()) == len(plan.files)
    assert all(line.startswith("?") for line in plan.lines())


def test_weights_without_a_licence_need_a_permission(hub, tmp_path):
    released = Released("semamba_pp", OPTIONS, small_network(), 16000, origin="semamba_pp")
    pack = pack_model(of_network(released), tmp_path / "official.zip")
    with pytest.raises(UserError, match="published without a licence.*--permission"):
        upload(pack, NAME)
    with pytest.raises(UserError, match="published without a licence"):
        upload(pack, NAME, permission="  ", dry_run=True)
    assert not hub.calls
    upload(pack, NAME, permission="by the authors,\n by e-mail of 2026-11-03")
    card = hub.repositories[NAME].files["README.md"].decode()
    assert "license_name: none-given" in card
    assert "permission was given: “by the authors, by e-mail of 2026-11-03”" in card
