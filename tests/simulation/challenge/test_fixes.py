import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.fixes import FIXES, check_fixes, fixes_header, read_fixes


def test_what_the_header_says_is_read(tmp_path):
    path = tmp_path / "meta.tsv"
    for names in ((), ("wind_level",), tuple(FIXES)):
        path.write_text(f"{fixes_header(names)}\nid\tnoisy_path\n")
        assert read_fixes(path) == set(names)
    assert fixes_header(FIXES) == "# fixes: reverberation_share wind_level wind_clipping"


def test_unknown_names_and_tables_are_errors(tmp_path):
    with pytest.raises(UserError, match="no fix 'wind'; known: reverberation_share"):
        check_fixes(["wind"])
    with pytest.raises(UserError, match="simulate draw"):
        read_fixes(tmp_path / "meta.tsv")
