import csv
import json

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.meta import CHALLENGE_COLUMNS, Row, file_paths, read_meta, write_meta
from espnet_plugin.simulation.report.contents import distortions_of
from espnet_plugin.simulation.report.origin import Origins, read_origins
from espnet_plugin.simulation.report.report import write_report

WIND = "wind_noise(threshold=0.1,ratio=2.0,attack=5,release=5,sc_gain=1,clipping=True,clipping_threshold=1)/"
LOSS = "packet_loss(packet_loss_indices=[1, 2],packet_duration_ms=20)"


def row(number, uid, snr_db, room, augmentation, rate_hz=16000, length_s=2.0):
    identifier, noisy, clean = file_paths(number)
    samples = int(length_s * rate_hz)
    return Row(
        *(identifier, noisy, clean, uid, uid, "noise", snr_db, room, augmentation),
        *(rate_hz, samples, "<not-available>"),
    )


ROWS = [
    row(1, "p226_002_mic1", 3.5, "none", "none", 48000),
    row(2, "p226_002_mic1", -4.5, "room1", "clipping(min=0.05,max=0.93)", 48000),
    row(3, "common_voice_de_17300556", 3.6, "none", WIND),
    row(4, "mls_french_1_2_3", 9.0, "none", WIND + "bandwidth_limitation-scipy->8000", length_s=3.2),
    row(5, "S0001", 3.0, "none", "codec(format=ogg,encoder=opus,qscale=3)/clipping(min=0.05,max=0.93)"),
    row(6, "S0001", None, "room2", "bandwidth_limitation-none->8000/codec(format=mp3,encoder=None,qscale=3)"),
    row(7, "S0002", 3.2, "none", LOSS + "/codec(format=mp3,encoder=None,qscale=1)"),
]


@pytest.fixture
def simulated(tmp_path):
    folder = tmp_path / "set"
    columns = [column for column in CHALLENGE_COLUMNS if column != "noise_path"]
    write_meta(folder / "meta.tsv", ROWS, columns)
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "utt2corpus").write_text("S0001 seniortalk\n")
    (lists / "utt2lang").write_text("S0001 zho\n")
    (folder / "settings.json").write_text(json.dumps({"folders": [str(lists)]}))
    return folder


def rendered(folder):
    for each in ROWS:
        for path in (each.noisy_path, each.clean_path):
            write_audio(folder / path, np.full(each.samples, 0.01 * int(each.id[-1])), each.rate_hz)
    return folder


def table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_what_files_went_through():
    assert [distortions_of(each) for each in ROWS] == [
        ["noise"],
        ["noise", "reverberation", "clipping"],
        ["wind_noise"],
        ["wind_noise", "bandwidth_limitation"],
        ["noise", "codec_opus", "clipping"],
        ["reverberation", "codec_mp3"],
        ["noise", "packet_loss", "codec_mp3"],
    ]


@pytest.mark.parametrize(
    "uid, expected",
    [
        ("book_00000_chp_0009_reader_06709_0_seg_2_seg1", ("dns5_speech", "eng")),
        ("1272_128104_000005_000008", ("libritts", "eng")),
        ("p100_emo_adoration_freeform", ("ears", "eng")),
        ("common_voice_zh-CN_17300556", ("common_voice", "zho")),
        ("p232_005", ("vctk", "eng")),
        ("anything", ("other", "und")),
    ],
)
def test_origins_by_id(uid, expected):
    assert Origins()(uid) == expected


def test_lists_beside_the_speech_know_more(simulated):
    origins = read_origins(simulated)
    assert origins("S0001") == ("seniortalk", "zho") and origins("S0002") == ("other", "und")


def test_tables(simulated):
    report = write_report(simulated, simulated / "report")
    assert report.files == 7 and report.samples == 0 and report.hours == pytest.approx(15.2 / 3600)
    hours = {
        (r["by"], r["value"]): (r["files"], r["utterances"]) for r in table(simulated / "report/hours.csv")
    }
    assert hours["all", "all"] == ("7", "5") and hours["corpus", "vctk"] == ("2", "1")
    assert hours["language", "zho"] == ("2", "1") and hours["rate_hz", "16000"] == ("5", "4")
    distortions = {r["distortion"]: r for r in table(simulated / "report/distortions.csv")}
    assert distortions["noise"]["files"] == "4" and distortions["clipping"]["files"] == "2"
    assert distortions["0 further"]["files"] == "2" and float(distortions["2 further"]["share"]) == 0.285714
    bins = [r for r in table(simulated / "report/distributions.csv") if r["quantity"] == "snr_db_noise"]
    assert [(bins[0]["from"], bins[0]["files"]), (bins[-1]["from"], bins[-1]["files"])] == [
        ("-5", "1"),
        ("3", "3"),
    ]
    assert len(bins) == 9 and sum(int(r["files"]) for r in bins) == 4
    for name in ("hours", "distortions", "snr", "lengths"):
        assert (simulated / "report" / f"{name}.png").read_bytes()[1:4] == b"PNG"


def test_samples_show_a_distortion_with_the_fewest_others(simulated):
    assert write_report(rendered(simulated), simulated / "report", samples=1).samples == 8
    listed = {r["distortion"]: r["id"] for r in table(simulated / "report/samples/samples.csv")}
    assert listed["noise"] == "fileid_1" and listed["wind_noise"] == "fileid_3"
    assert listed["codec_mp3"] == "fileid_6" and listed["clipping"] == "fileid_2"
    copied = simulated / "report" / "samples" / "packet_loss" / "fileid_7_noisy.flac"
    assert copied.read_bytes() == (simulated / "noisy/0/fileid_7.flac").read_bytes()


def test_a_former_report_needs_force(simulated):
    write_report(rendered(simulated), simulated / "report", samples=2)
    with pytest.raises(UserError, match="holds a report already; add --force"):
        write_report(simulated, simulated / "report")
    assert write_report(simulated, simulated / "report", samples=1, force=True).samples == 8
    assert len(list((simulated / "report/samples/noise").iterdir())) == 2


def test_an_empty_table_is_an_error(simulated):
    write_meta(simulated / "meta.tsv", [])
    assert read_meta(simulated / "meta.tsv") == []
    with pytest.raises(UserError, match="lists no file"):
        write_report(simulated, simulated / "report")
