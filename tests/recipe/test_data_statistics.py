import json
from pathlib import Path

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.data_statistics import distortion_kinds, make_statistics
from espnet_plugin.simulation.meta import Row, write_meta



def add_set(folder: Path, name: str, samples: int, augmentations: list[str]) -> None:
    data, simulated = folder / "data" / name, folder / "simulated" / name
    data.mkdir(parents=True)
    simulated.mkdir(parents=True)
    ids = [f"fileid_{number}" for number in range(len(augmentations))]
    columns = {"speech_length.scp": samples, "utt2fs": 16000, "utt2lang": "deu", "utt2spk": "anna"}
    for list_name, value in columns.items():
        (data / list_name).write_text("".join(f"{identifier} {value}\n" for identifier in ids))
    rows = [
        Row(identifier, "n", "c", "u", "s", "n1", 5.0 * number, "rir1", augmentation, 16000, samples, "text")
        for number, (identifier, augmentation) in enumerate(zip(ids, augmentations, strict=True))
    ]
    write_meta(simulated / "meta.tsv", rows)


def test_shapes_and_summary(tmp_path, capsys):
    for name in ("train", "valid"):
        add_set(tmp_path, name, 16000, ["none", "clipping(min=0.1,max=0.9)/bandwidth_limitation-fft->8000"])
    out = tmp_path / "statistics"
    make_statistics(tmp_path / "data", tmp_path / "simulated", out)
    assert (out / "train" / "speech_shape").read_text() == "fileid_0 16000\nfileid_1 16000\n"
    facts = json.loads((out / "statistics.json").read_text())["valid"]
    assert facts["hours"] == pytest.approx(2 / 3600)
    assert facts["snr_db"] == {"mean": 2.5, "min": 0.0, "max": 5.0}
    assert facts["distortions"] == {"reverberation": 2, "clipping": 1, "bandwidth_limitation": 1}
    assert "languages: deu 2" in capsys.readouterr().out
    make_statistics(tmp_path / "data", tmp_path / "simulated", out)
    assert "already done" in capsys.readouterr().out


def test_changed_data_are_counted_again(tmp_path):
    for name in ("train", "valid"):
        add_set(tmp_path, name, 16000, ["none"])
    make_statistics(tmp_path / "data", tmp_path / "simulated", tmp_path / "statistics")
    (tmp_path / "data" / "train" / "speech_length.scp").write_text("fileid_0 8000\n")
    make_statistics(tmp_path / "data", tmp_path / "simulated", tmp_path / "statistics")
    assert (tmp_path / "statistics" / "train" / "speech_shape").read_text() == "fileid_0 8000\n"


def test_missing_data_name_the_stage(tmp_path):
    with pytest.raises(UserError, match="stage 3"):
        make_statistics(tmp_path / "data", tmp_path / "simulated", tmp_path / "statistics")


def test_kinds_of_distortions():
    assert distortion_kinds("none") == []
    wind = "wind_noise(threshold=0.1,clipping=True,clipping_threshold=0.9)/"
    codec = "codec(format=mp3,encoder=None,qscale=3)/packet_loss(packet_loss_indices=[1],x=20)"
    assert distortion_kinds(wind + codec) == ["wind_noise", "codec", "packet_loss"]
    assert distortion_kinds("bandwidth_limitation-kaiser_best->8000") == ["bandwidth_limitation"]
