import pytest

from espnet_plugin.cli import main
from espnet_plugin.mini_corpus import rooms

pytest.importorskip("espeakng_loader")
pytest.importorskip("pyroomacoustics")


def test_build_again_and_other_settings(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rooms, "RT60_S", (0.15, 0.2))  # cheap
    out = str(tmp_path / "mini")
    assert main(["mini-corpus", out, "--utterances", "10"]) == 0
    assert "corpus finished" in capsys.readouterr().out
    assert main(["mini-corpus", out, "--utterances", "10"]) == 0
    assert "is there already" in capsys.readouterr().out
    assert main(["mini-corpus", out, "--utterances", "11"]) == 2
    assert "--force" in capsys.readouterr().err
