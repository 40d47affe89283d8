import pytest

from espnet_plugin.config import check_keys, deep_merge, load_config
from espnet_plugin.errors import UserError


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def test_difference_files_merge_dictionaries_and_replace_the_rest(tmp_path):
    write(
        tmp_path,
        base="a: 1\nnetwork: {channels: 48, blocks: 4}\nrates: [1, 2]\n",
        middle="base: base.yaml\nnetwork: {blocks: 2}\n",
        top="base: middle.yaml\nrates: [3]\nnew: {deep: true}\n",
    )
    expected = {"a": 1, "network": {"channels": 48, "blocks": 2}, "rates": [3], "new": {"deep": True}}
    assert load_config(tmp_path / "top.yaml") == expected


def test_merge_leaves_its_arguments_alone():
    base, difference = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert deep_merge(base, difference) == {"a": {"b": 1, "c": 2}}
    assert (base, difference) == ({"a": {"b": 1}}, {"a": {"c": 2}})


@pytest.mark.parametrize(
    "text, words",
    [
        ("a: [1, 2", "no valid YAML"),
        ("- 1\n- 2\n", "mapping"),
        ("base: nowhere.yaml\n", "nowhere.yaml"),
        ("base: [1]\n", "'base'"),
        ("base: top.yaml\n", "circle"),
        ("!!python/object/apply:os.system ['true']\n", "no valid YAML"),
    ],
)
def test_bad_files_are_one_line(tmp_path, text, words):
    write(tmp_path, top=text)
    with pytest.raises(UserError, match=words) as error:
        load_config(tmp_path / "top.yaml")
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_config(tmp_path / "none.yaml")


def test_unknown_key_names_the_nearest():
    check_keys({"channels": 1}, ["channels", "blocks"], "top.yaml")
    with pytest.raises(UserError, match="top.yaml: unknown key 'chanels'; did you mean 'channels'"):
        check_keys({"chanels": 1}, ["channels", "blocks"], "top.yaml")
    with pytest.raises(UserError, match="known keys: blocks, channels"):
        check_keys({"xyz": 1}, ["channels", "blocks"], "top.yaml")
