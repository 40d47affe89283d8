"""The addresses of a running server."""

import io
import json
import socket
import time
import urllib.parse

import numpy as np
import pytest
import soundfile

from espnet_plugin.serve.queue import Limits
from tests.serve.conftest import recording
from tests.serve.live import running


def read(content):
    return soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)


def test_from_upload_to_download(live):
    content = recording(channels=2, subtype="PCM_24")
    key = live.submit(content, "?name=talk.wav&level=keep")
    about = live.wait(key)
    assert about["state"] == "done" and about["label"] == "talk.wav" and about["options"] == {"level": "keep"}
    assert about["channels"] == 2 and about["seconds"] == 0.5 and about["rate_hz"] == 16000
    assert about["level_change_db"] == pytest.approx(-6.02, abs=0.01)
    assert 0 < about["left_s"] <= 3600
    status, headers, body = live.ask("GET", f"/jobs/{key}/result")
    assert status == 200 and headers["content-disposition"] == 'attachment; filename="talk_enhanced.wav"'
    np.testing.assert_allclose(read(body)[0], read(content)[0] / 2, atol=2e-7)
    assert soundfile.info(io.BytesIO(body)).subtype == "PCM_24"

    status, headers, sound = live.ask("GET", f"/jobs/{key}/sound", Range="bytes=0-43")
    assert status == 206 and headers["content-type"] == "audio/wav" and len(sound) == 44
    for name in ("before.webp", "after.webp"):
        status, headers, image = live.ask("GET", f"/jobs/{key}/{name}")
        assert status == 200 and headers["content-type"] == "image/webp" and image[8:12] == b"WEBP"
    assert live.ask("DELETE", f"/jobs/{key}")[0] == 204
    assert (
        live.state(key)
        == 404
        == live.ask("GET", f"/jobs/{key}/result")[0]
        == live.ask("DELETE", f"/jobs/{key}")[0]
    )
    assert live.files() == []


def test_one_request_does_all(live):
    content = recording(rate_hz=44100)
    status, headers, body = live.ask("POST", "/enhance?name=a.wav&highband=keep", content)
    assert status == 200 and headers["content-disposition"] == 'attachment; filename="a_enhanced.wav"'
    wave, rate_hz = read(body)
    assert rate_hz == 44100 and wave.shape == (8000, 1)
    until = time.monotonic() + 10
    while live.files():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert (
        live.ask("PUT", "/enhance", content)[2] != body
    )  # without the band above 8 kHz, which is not halved


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello, this is no sound " * 50, "noise.wav is no audio"),
        (b"", "the file is empty"),
        (recording(samples=0), "noise.wav holds no sound"),
        (recording(samples=4000, subtype="FLOAT", level=float("nan")), "holds NaN"),
    ],
    ids=["text", "empty", "no samples", "NaN"],
)
def test_bad_files_give_one_line_without_a_path(live, content, words):
    status, _, body = live.ask("POST", "/enhance?name=noise.wav", content)
    text = body.decode(errors="replace")
    if words:
        assert status == 422 and words in text and text.count("\n") == 1
    assert str(live.folder) not in text and "/tmp" not in text
    assert live.files() == []


def test_options_are_those_of_the_model(live):
    for query, words in (
        ("branch=fused", "there is no option 'branch'"),
        ("level=loud", "level cannot be 'loud'"),
    ):
        status, _, body = live.ask("POST", f"/jobs?{query}", recording())
        assert status == 422 and words in body.decode()
    assert live.files() == [] and live.worker.tasks == []


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\sounds\\a.wav", "a.wav"),
        ("<script>alert(1)</script>.wav", "script>.wav"),
        ("a\r\nSet-Cookie: b.wav", "aSet-Cookie: b.wav"),
        ('Grüße "x" 音.wav', 'Grüße "x" 音.wav'),
        ("..", ".."),
        ("", "recording"),
        ("a" * 500, "a" * 120),
    ],
)
def test_names_are_labels_only(live, name, label):
    key = live.submit(recording(samples=800), f"?{urllib.parse.urlencode({'name': name})}")
    about = live.wait(key)
    assert about["label"] == label and about["state"] == "done"
    (task,) = live.worker.tasks
    assert task.folder.parent == live.folder and task.folder.name.isalnum()
    assert {path.name for path in task.folder.iterdir()} == {
        "enhanced.wav",
        "comparison.wav",
        "before.webp",
        "after.webp",
    }
    header = live.ask("GET", f"/jobs/{key}/result")[1]["content-disposition"]
    stem = label.removesuffix(".wav") if label != ".." else ".."
    quoted = urllib.parse.quote(f"{stem}_enhanced.wav")
    assert header.endswith(f"filename*=utf-8''{quoted}") or header.endswith(f'filename="{quoted}"')
    assert header.isascii() and "\n" not in header


def test_addresses_lead_to_nothing_else(live):
    key = live.submit(recording(samples=800))
    live.wait(key)
    for path in ("recording", "enhanced.wav", "..%2f..%2fetc%2fpasswd", "comparison.wav", ".."):
        assert live.ask("GET", f"/jobs/{key}/{path}")[0] == 404
    for path in ("/page.html", "/serve.css", "/../setup.py", "/jobs", "/jobs/", "/jobs/x/result", "/docs"):
        assert live.ask("GET", path)[0] in (404, 405)


def test_page_and_its_files(live):
    status, headers, body = live.ask("GET", "/")
    page = body.decode()
    assert status == 200 and "<script>" not in page and "style=" not in page and " on" + "click" not in page
    about = json.loads(page.split('id="content">')[1].split("</script>")[0])
    assert about["model"] == "semamba_pp" and [option["name"] for option in about["options"]] == [
        "level",
        "highband",
    ]
    assert about["options"][0]["value"] == "keep" and about["limit_bytes"] == 200_000_000
    for name, kind in (
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("capture.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ):
        status, headers, body = live.ask("GET", f"/{name}")
        assert status == 200 and headers["content-type"].startswith(kind)
        assert b"https://" not in body and (b"http://" not in body or name == "icon.svg")
        assert headers["content-security-policy"].startswith("default-src 'none'")


def test_uploads_are_limited_before_they_are_read(tmp_path):
    with running(tmp_path / "live", Limits(upload_bytes=5000)) as live:
        status, _, body = live.ask("POST", "/jobs", recording(samples=8000))
        assert status == 413 and body == b"the file is larger than 0.005 MB, which is the limit here\n"
        status, _, body = live.ask("POST", "/jobs", iter([b"x" * 3000] * 2))
        assert status == 413
        assert live.files() == [] and list(live.folder.iterdir()) == []
        # Of what is announced too large, nothing is read.
        with socket.create_connection((live.host, live.port), timeout=10) as connection:
            connection.sendall(b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
            assert b" 413 " in connection.recv(1000)
        assert live.state(live.submit(recording(samples=2000)))["state"] in ("waiting", "working", "done")


def test_a_broken_upload_leaves_nothing(live):
    with socket.create_connection((live.host, live.port), timeout=10) as connection:
        connection.sendall(
            b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n" + b"RIFF" * 100
        )
        until = time.monotonic() + 10
        while not live.files():
            assert time.monotonic() < until
            time.sleep(0.01)
    while list(live.folder.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert live.worker.tasks == []


def test_too_long_recordings(tmp_path):
    with running(tmp_path / "live", Limits(recording_s=0.4)) as live:
        about = live.wait(live.submit(recording(), "?name=a.wav"))
        assert about == {"state": "failed", "label": "a.wav", "reason": about["reason"]}
        assert about["reason"].startswith("a.wav is longer than 0.00666667 minutes")


def test_queue_has_places_and_an_order(tmp_path):
    with running(tmp_path / "live", Limits(places=2)) as live:
        live.worker.hold.clear()
        first = live.submit(recording())
        live.wait(first, "working")
        second, third = live.submit(recording()), live.submit(recording())
        assert [live.state(key)["ahead"] for key in (second, third)] == [1, 2]
        status, _, body = live.ask("POST", "/jobs", recording())
        assert status == 503 and b"2 recordings are waiting already" in body
        live.ask("DELETE", f"/jobs/{second}")
        assert live.state(third)["ahead"] == 1
        live.worker.hold.set()
        assert live.wait(third)["state"] == "done" == live.state(first)["state"]
        assert len(live.worker.tasks) == 2


def test_who_leaves_is_not_waited_for(live):
    live.worker.hold.clear()
    with socket.create_connection((live.host, live.port), timeout=10) as connection:
        content = recording(samples=800)
        connection.sendall(
            b"POST /enhance HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content)
            + content
        )
        until = time.monotonic() + 10
        while not live.worker.tasks:
            assert time.monotonic() < until
            time.sleep(0.01)
    while not live.worker.kills:
        assert time.monotonic() < until
        time.sleep(0.01)
