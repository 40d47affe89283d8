"""Every corpus on a tree of its real shape."""

import pytest
import soundfile

from espnet_plugin.corpora.catalogue import CORPORA
from espnet_plugin.errors import UserError
from tests.corpora import trees


@pytest.mark.parametrize("name", CORPORA)
def test_finds_what_belongs_to_it(tmp_path, name):
    getattr(trees, name)(tmp_path)
    items = list(CORPORA[name].items(tmp_path))
    found = {item.uid: (item.split, item.speaker, item.text, item.language) for item in items}
    assert found == trees.EXPECTED[name]
    assert all(soundfile.info(item.path).frames > 1000 for item in items)
    assert all(item.uid.split() == [item.uid] and len(item.speaker.split()) < 2 for item in items)


@pytest.mark.parametrize("name", CORPORA)
def test_says_what_it_is(name):
    corpus = CORPORA[name]
    assert corpus.kind in ("speech", "noise", "rir") and corpus.licence and corpus.size
    assert corpus.source.startswith("https://") and "blob.core" not in corpus.licence
    assert {row[3] for row in trees.EXPECTED[name].values()} <= {*corpus.languages, ""}
    assert bool(corpus.languages) == (corpus.kind == "speech")


@pytest.mark.parametrize("name", CORPORA)
def test_a_wrong_folder_is_one_line(tmp_path, name):
    with pytest.raises(UserError, match=f"{name.upper()}: the folder .*nowhere does not exist"):
        list(CORPORA[name].items(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=f"({name.upper()}|{name}): "):
        list(CORPORA[name].items(tmp_path))


def test_db_sh_has_a_variable_for_each(repository):
    lines = (repository / "egs2/urgent26/enh1/db.sh").read_text().splitlines()
    variables = {line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert {corpus.variable for corpus in CORPORA.values()} <= variables
