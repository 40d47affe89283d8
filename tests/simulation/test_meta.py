import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.meta import CHALLENGE_COLUMNS, COLUMNS, Row, read_meta, write_meta

ROW = Row(
    "fileid_1", "noisy/0/fileid_1.flac", "clean/0/fileid_1.flac", "utt", "speaker", "noise", -3.25, "none",
    "clipping(min=0.05,max=0.93)", 48000, 33204, "two  blanks",
)  # fmt: skip


@pytest.mark.parametrize("columns", [COLUMNS, CHALLENGE_COLUMNS[:6] + CHALLENGE_COLUMNS[7:]])
@pytest.mark.parametrize("comment", ["", "# fixes: wind_level"])
def test_both_orders_are_read(tmp_path, columns, comment):
    path = tmp_path / "meta.tsv"
    write_meta(path, [ROW, ROW], columns, comment)
    lines = path.read_text().splitlines()
    assert lines[-3:-1] == ["\t".join(columns), lines[-1]] and (lines[0] == comment or not comment)
    assert read_meta(path) == [ROW, ROW]


def test_the_place_of_the_noise(tmp_path):
    row = Row(**{**vars(ROW), "noise_path": "noise/0/fileid_1.flac"})
    write_meta(tmp_path / "meta.tsv", [row], CHALLENGE_COLUMNS)
    assert read_meta(tmp_path / "meta.tsv") == [row]


@given(text=st.text(), snr_db=st.none() | st.floats(-100, 100))
def test_any_text_stays_on_its_line(tmp_path_factory, text, snr_db):
    path = tmp_path_factory.mktemp("meta") / "meta.tsv"
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    write_meta(path, [Row(**{**vars(ROW), "text": text, "snr_db": snr_db}), ROW])
    first, second = read_meta(path)
    assert first.snr_db == snr_db and second == ROW
    assert first.text == text.translate(str.maketrans("\t\r\n", "   "))


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "does not have the columns"),
        ("# fixes: wind_level", "does not have the columns"),
        ("id\tfs\n", "does not have the columns"),
        ("\t".join((*COLUMNS, "fs")) + "\n", "does not have the columns"),
        ("\t".join(COLUMNS) + "\nfileid_1\n", "line 2: expected 12 columns, found 1"),
        ("# x\n" + "\t".join(COLUMNS) + "\n" + "\t".join("0" * 11) + "\ta\n\n" + "x\t" * 11, "line 5: "),
    ],
)
def test_damaged_tables_are_errors(tmp_path, content, message):
    (tmp_path / "meta.tsv").write_text(content)
    with pytest.raises(UserError, match=message):
        read_meta(tmp_path / "meta.tsv")


def test_a_missing_table_is_an_error(tmp_path):
    with pytest.raises(UserError, match="simulate draw"):
        read_meta(tmp_path / "meta.tsv")
