"""Stage 1 of the challenge's corpora on tiny trees, and what follows from it."""

import json

import pytest

from espnet_plugin.corpora.catalogue import CORPORA
from espnet_plugin.errors import UserError
from espnet_plugin.recipe import urgent26_corpus
from espnet_plugin.recipe.urgent26_corpus import Downloads, prepare_urgent26
from espnet_plugin.simulation.sources import read_corpus, read_sources
from tests.corpora import trees

HELD_OUT = (
    "book_00000_chp_0009_reader_06709_0_seg_2_seg1",
    "p226_002_mic1",
    "mls_french_10087_11650_000000",
)


@pytest.fixture(autouse=True)
def short_wind(monkeypatch):
    monkeypatch.setattr(urgent26_corpus, "WIND_S", 0.3)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    """All corpora, and the challenge's id lists, which make the quality checks unnecessary."""
    folder = tmp_path_factory.mktemp("my downloads")
    for name in CORPORA:
        getattr(trees, name)(folder / name)
    (folder / "meta").mkdir()
    trained = [uid for rows in trees.EXPECTED.values() for uid, row in rows.items() if row[0] == "train"]
    trained.append("book_00002_chp_0005_reader_11980_16_seg_0_seg3(2)")
    (folder / "meta" / "train_urgent2026").write_text("\n".join(trained) + "\n")
    (folder / "meta" / "validation_selected").write_text("\n".join(HELD_OUT) + "\n")
    return Downloads({name: folder / name for name in CORPORA}, folder / "meta")


def run(tmp_path, downloads, **options):
    prepare_urgent26(tmp_path / "corpus", tmp_path / "data", downloads, **{"wind_files": 1, **options})


def columns(path):
    return [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_corpora(tmp_path, downloads, capsys):
    run(tmp_path, downloads)
    folder = tmp_path / "data" / "train_sources"
    speech = columns(folder / "speech_sources.scp")
    assert len(speech) == 17 and all(len(row) == 3 for row in speech)  # no path has a blank
    rates = {uid: rate for uid, rate, _ in speech}
    # VCTK and EARS keep 48 kHz, SeniorTalk has 16 kHz; the children's story has an id of its own.
    assert rates["p225_001_mic1"] == "48000" and rates["S0001_000001"] == "16000"
    assert {"Story__1_", "child_1_Story__1_", "m2_long_straight_1_"} <= set(rates)
    assert [row[0] for row in speech[:3]] == ["0001_000351", "0011_000701", "Story__1_"]
    lengths = dict(columns(folder / "source_length.scp"))
    for uid, source in read_sources(folder / "speech_sources.scp").items():
        assert len(source.read(source.rate_hz)) == int(lengths[uid])
    assert columns(folder / "utt2spk") == columns(folder / "spk2utt") == [[uid, uid] for uid, _, _ in speech]
    assert (folder / "text").read_text() == ""
    noises = [row[0] for row in columns(folder / "noise_scoures.scp")]
    assert noises == [*(f"noise_{number}" for number in range(1, 9)), "Q21_100", "fma_000002", "fsd50k_1"]
    winds = columns(folder / "wind_noise_scoures.scp")
    assert len(winds) == 7 and winds[6][:2] == ["wind_noise_48000hz_0", "48000"]
    assert columns(folder / "rirs.scp")[0][0] == "smallroom-Room001-00001"

    subset = tmp_path / "data" / "tmp" / "validation" / "speech_validation_subset"
    valid = {row[0] for row in columns(subset.with_suffix(".scp"))}
    assert valid == set(HELD_OUT)
    assert ["p226_002_mic1", "vctk_p226"] in columns(subset.with_suffix(".utt2spk"))
    assert "p226_002_mic1 Please call Stella." in subset.with_suffix(".text").read_text()
    test = {row[0] for row in columns(tmp_path / "data/tmp/test/speech_test_subset.scp")}
    assert {"p226_002_mic2", "1272_128104_000005_000008", "common_voice_de_17300551"} <= test
    assert not test & valid

    languages = dict(columns(tmp_path / "corpus" / "train" / "utt2lang"))
    wanted = {"0001_000351": "zho", "0011_000701": "eng", "S0001_000001": "zho", "p225_001_mic1": "eng"}
    assert {uid: languages[uid] for uid in wanted} == wanted
    corpus = read_corpus(tmp_path / "corpus" / "train")
    assert len(corpus.speech) == 17 and corpus.speaker_of["p225_001_mic1"] == "vctk_p225"
    assert "17 utterances" in capsys.readouterr().out


def test_again_is_nothing_and_more_corpora_are_added(tmp_path, downloads, capsys):
    few = {name: downloads.folders[name] for name in ("vctk", "wham")}
    run(tmp_path, Downloads(few), allow_missing=True, wind_files=0)
    assert "13 of 15 corpora" in capsys.readouterr().out
    missing = (tmp_path / "corpus" / "missing.tsv").read_text()
    assert "ESD\tspeech\tabout 3 GB\tsigned licence, non-commercial\thttps://hltsingapore" in missing
    run(tmp_path, Downloads(few), allow_missing=True, wind_files=0)
    assert "(already done)" in capsys.readouterr().out
    run(tmp_path, Downloads({**few, "esd": downloads.folders["esd"]}), allow_missing=True, wind_files=0)
    assert [row[0] for row in columns(tmp_path / "data/train_sources/speech_sources.scp")] == [
        *("0001_000351", "0011_000701", "p225_001_mic1", "p225_001_mic2")
    ]
    record = json.loads((tmp_path / "corpus" / "corpus.stage.json").read_text())
    assert record["finished"] and "train: 4 utterances" in record["summary"]["text"]


def test_shares_of_many_machines(tmp_path, downloads):
    few = Downloads({name: downloads.folders[name] for name in ("esd", "fma")})
    for job in (1, 2):
        run(tmp_path, few, allow_missing=True, part=(job, 2))
    assert not (tmp_path / "data").exists() and not (tmp_path / "corpus" / "corpus.stage.json").exists()
    run(tmp_path, few, allow_missing=True, wind_files=0)
    assert len(columns(tmp_path / "data/train_sources/speech_sources.scp")) == 2
    with pytest.raises(UserError, match="no job 3 of 2"):
        run(tmp_path, few, allow_missing=True, part=(3, 2))


def test_bad_files_are_listed_and_the_rest_goes_on(tmp_path, downloads):
    bad = tmp_path / "esd" / "Emotion Speech Dataset/0001/Angry/0001_000351.wav"
    trees.esd(tmp_path / "esd")
    bad.write_text("no audio")
    folders = {"esd": tmp_path / "esd", "wham": downloads.folders["wham"]}
    run(tmp_path, Downloads(folders), allow_missing=True, wind_files=0)
    row = (tmp_path / "corpus" / "left_out.tsv").read_text().split("\t")
    assert row[:2] == ["esd", "0001_000351"] and "no audio file" in row[2]


@pytest.mark.parametrize(
    "names, options, words",
    [
        (["vctk", "wham"], {}, "13 corpora are missing .*DNS5_SPEECH.*--allow_missing true"),
        (["vctk"], {"allow_missing": True}, "no corpus of noise"),
        (["wham"], {"allow_missing": True}, "no corpus of speech"),
        (["vctk", "musan"], {"allow_missing": True}, "no corpus musan; known: esd"),
    ],
)
def test_mistakes_are_one_line(tmp_path, downloads, names, options, words):
    folders = {name: downloads.folders.get(name, tmp_path) for name in names}
    with pytest.raises(UserError, match=words) as error:
        run(tmp_path, Downloads(folders), **options)
    assert "\n" not in str(error.value)
