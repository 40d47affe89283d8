"""``urgent26 serve`` as a user meets it."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

import espnet_plugin
from espnet_plugin import cli
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.semamba_pp.network import SEMambaPP

TINY = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}


def test_a_server_from_its_start_to_its_end(tmp_path):
    checkpoint, noisy = tmp_path / "tiny.safetensors", tmp_path / "noisy.flac"
    save_safetensors(checkpoint, TINY, SEMambaPP(**TINY).state_dict())
    soundfile.write(noisy, 0.1 * np.random.default_rng(0).standard_normal((5037, 2)), 22050, "PCM_16")
    command = [sys.executable, "-m", "espnet_plugin.cli", "serve", "--checkpoint", checkpoint, "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [*command, "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        line = server.stdout.readline()
        assert line.startswith("semamba_pp on cpu: http://127.0.0.1:"), server.stderr.read()
        (folder,) = tmp_path.glob("urgent26_serve_*")
        assert folder.stat().st_mode & 0o777 == 0o700
        url = line.split()[3]
        request = urllib.request.Request(f"{url}enhance?level=match", noisy.read_bytes(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            (tmp_path / "clean.flac").write_bytes(answer.read())
        request = urllib.request.Request(
            f"{url}enhance", b"x", {"Origin": "http://evil.example"}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=60)
    finally:
        server.send_signal(signal.SIGTERM)
        out, error = server.communicate(timeout=30)
    assert server.returncode == 128 + signal.SIGTERM and error == "" and not folder.exists()

    wave, rate_hz = soundfile.read(noisy, dtype="float32")
    expected = espnet_plugin.load("semamba_pp", checkpoint, device="cpu", level="match").enhance(
        wave, rate_hz
    )
    found, found_hz = soundfile.read(tmp_path / "clean.flac", dtype="float32")
    assert found_hz == rate_hz and found.shape == wave.shape
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=4e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--checkpoint", "x", "--max_mb", "0"], "--max_mb is a number above 0"),
        (["--checkpoint", "x", "--max_minutes", "nan"], "--max_minutes is a number above 0"),
    ],
)
def test_mistakes_are_one_line(capsys, arguments, words):
    assert cli.main(["serve", *arguments]) == 2
    printed = capsys.readouterr()
    assert (
        printed.err.startswith("urgent26 serve: ") and words in printed.err and printed.err.count("\n") == 1
    )


def test_other_hosts_are_warned_of(capsys):
    assert cli.main(["serve", "--checkpoint", "nothing.pth", "--host", "0.0.0.0", "--port", "0"]) == 2
    warning, error = capsys.readouterr().err.splitlines()
    assert warning == "warning: whoever reaches 0.0.0.0 may use this server, without password or encryption"
    assert error == "urgent26 serve: the checkpoint nothing.pth does not exist"
