"""Progress in seconds of audio: plain lines where there is no terminal."""

from espnet_plugin.enhance.progress import Progress


def test_plain_lines(capsys):
    progress = Progress(120.0, 3, interval_s=0.0)
    progress.heard(60.0)
    line = capsys.readouterr().err
    assert line.startswith("enhance: 0 of 3 files, 60 s of 2 min of audio, ") and line.endswith(" left\n")
    progress.finished(expected_s=0.0, audio_s=60.0)  # a length that was not known before
    progress.heard(60.0)
    assert "1 of 3 files, 2 min of 3 min" in capsys.readouterr().err
    progress.close()


def test_silence(capsys):
    progress = Progress(10.0, 1, shown=False, interval_s=0.0)
    progress.heard(5.0)
    progress.close()
    assert not capsys.readouterr().err
