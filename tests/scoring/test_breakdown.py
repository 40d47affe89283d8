"""Groups by distortion, SNR, rate and language."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.scoring.breakdown import distortions, read_groups, snr_bucket

META = """id\tsnr_dB\trir_uid\taugmentation\tfs
one\t-3.5\tnone\tnone\t16000
two\t4.99\troom7\tbandwidth_limitation-kaiser_best->8000/clipping(min=0.02,max=0.97)\t22050
three\t15.0\tnone\twind_noise(threshold=0.1,ratio=2)/\t16000
"""


def test_groups_of_a_simulated_set(tmp_path):
    (tmp_path / "meta.tsv").write_text(META)
    (tmp_path / "utt2lang").write_text("one eng\ntwo deu\nthree eng\n")
    assert read_groups(tmp_path / "meta.tsv", tmp_path / "utt2lang") == {
        "Distortion": {
            "bandwidth limitation": {"two"},
            "clipping": {"two"},
            "noise only": {"one"},
            "reverberation": {"two"},
            "wind noise": {"three"},
        },
        "SNR": {"below 0 dB": {"one"}, "0 to 5 dB": {"two"}, "15 dB and above": {"three"}},
        "Sampling rate": {"16 kHz": {"one", "three"}, "22.05 kHz": {"two"}},
        "Language": {"deu": {"two"}, "eng": {"one", "three"}},
    }
    in_order = list(read_groups(tmp_path / "meta.tsv", None)["SNR"])
    assert in_order == ["below 0 dB", "0 to 5 dB", "15 dB and above"]


def test_one_group_is_no_breakdown_and_nothing_given_gives_nothing(tmp_path):
    (tmp_path / "utt2lang").write_text("one eng\ntwo eng\n")
    assert read_groups(None, tmp_path / "utt2lang") == {} == read_groups(None, None)


def test_only_the_given_files_count_and_their_headers_tell_the_rate(tmp_path):
    (tmp_path / "meta.tsv").write_text(META)
    (tmp_path / "utt2lang").write_text("one eng\ntwo deu\nother fra\n")
    for name, rate_hz in {"one": 16000, "two": 8000, "three": 48000}.items():
        write_audio(tmp_path / f"{name}.wav", np.zeros(80), rate_hz)
    (tmp_path / "damaged.wav").write_bytes(b"RIFF")
    files = {name: tmp_path / f"{name}.wav" for name in ("one", "two", "three", "damaged", "missing")}
    rates = {"8 kHz": {"two"}, "16 kHz": {"one"}, "48 kHz": {"three"}}
    found = read_groups(None, tmp_path / "utt2lang", files)
    assert found == {"Sampling rate": rates, "Language": {"deu": {"two"}, "eng": {"one"}}}
    assert list(found["Sampling rate"]) == list(rates)  # by number, not by letter

    del files["two"]
    found = read_groups(tmp_path / "meta.tsv", tmp_path / "utt2lang", files)
    assert found == {
        "Distortion": {"noise only": {"one"}, "wind noise": {"three"}},
        "SNR": {"below 0 dB": {"one"}, "15 dB and above": {"three"}},
    }


def test_packet_loss_is_named_once_and_codec_too():
    loss = "packet_loss(packet_loss_indices=[1, 2],packet_duration_ms=20)"
    steps = f"codec(format=mp3,encoder=None,qscale=4)/{loss}/{loss}"
    assert distortions({"augmentation": steps, "rir_uid": "none"}) == ["codec", "packet loss"]


@given(snr_db=st.floats(-50, 50))
def test_every_snr_is_in_exactly_one_bucket(snr_db):
    label = snr_bucket({"snr_dB": repr(snr_db)})
    words = label.split()
    if words[0] == "below":
        assert snr_db < 0
    elif words[-1] == "above":
        assert snr_db >= 15
    else:
        assert float(words[0]) <= snr_db < float(words[2])


@pytest.mark.parametrize("value", ["", "nan", "none", None])
def test_no_snr_no_bucket(value):
    assert snr_bucket({"snr_dB": value}) is None


def test_bad_files_are_user_errors(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_groups(tmp_path / "meta.tsv", None)
    (tmp_path / "meta.tsv").write_text("name\tvalue\na\tb\n")
    with pytest.raises(UserError, match="no column 'id'"):
        read_groups(tmp_path / "meta.tsv", None)
    (tmp_path / "utt2lang").write_text("one\n")
    with pytest.raises(UserError, match="expected 'id language'"):
        read_groups(None, tmp_path / "utt2lang")
