"""The page as a person uses it: headless Chromium, where there is one."""

import io
import json

import numpy as np
import pytest
import soundfile

from espnet_plugin.serve.queue import Limits
from tests.enhance.idle import Idle
from tests.report.chromium import Chromium, find_chromium, nameless
from tests.serve.conftest import recording
from tests.serve.live import InThisProcess, running

DONE = "document.querySelectorAll('#jobs a.primary').length"
STATES = "[...document.querySelectorAll('#jobs .state')].map((one) => one.textContent)"
PRESSED = "[...document.querySelectorAll('#jobs .track')].findIndex((one) => one.ariaPressed === 'true')"
POSITION = "Number(document.querySelector('#jobs input[type=range]').value)"
PLAYING = "document.querySelector('#jobs .play').ariaLabel === 'Pause'"
SEEN = "[...document.querySelectorAll('#jobs img')].every((one) => one.naturalWidth > 0)"
READY = "document.querySelector('#jobs .play') && !document.querySelector('#jobs .play').disabled"
#: Puts an ear to every gain of the page.
LISTEN = """
(() => {
  const createGain = AudioContext.prototype.createGain;
  const ears = [];
  AudioContext.prototype.createGain = function () {
    const gain = createGain.call(this);
    const ear = this.createAnalyser();
    gain.connect(ear);
    ears.push(ear);
    return gain;
  };
  window.heard = () => ears.map((ear) => {
    const wave = new Float32Array(ear.fftSize);
    ear.getFloatTimeDomainData(wave);
    return Math.sqrt(wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length);
  });
})()
"""


@pytest.fixture(scope="module")
def browser():
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is installed (CHROMIUM names one elsewhere)")
    with Chromium(program) as running_browser:
        yield running_browser


@pytest.fixture
def page(browser, live):
    """The browser with the page; at the end nothing may have gone wrong in it or been asked elsewhere."""
    browser.problems.clear()
    browser.open(live.url)
    browser.evaluate("sessionStorage.clear()")
    browser.open(live.url)
    yield browser
    assert browser.problems == []


def choose(page, *paths):
    """Choose files as in the dialogue of the browser."""
    root = page.send("DOM.getDocument")["root"]["nodeId"]
    node = page.send("DOM.querySelector", nodeId=root, selector="#files")["nodeId"]
    page.send("DOM.setFileInputFiles", nodeId=node, files=list(map(str, paths)))


def keys(page):
    return [key for key, _ in json.loads(page.evaluate("sessionStorage.getItem('urgent26-serve-jobs')"))]


def test_a_file_is_dropped_heard_and_downloaded(page, live, tmp_path):
    path = tmp_path / '<b>noisy & "co".flac'
    content = recording(samples=48000, rate_hz=48000, channels=2, kind="FLAC")
    path.write_bytes(content)
    page.evaluate(LISTEN)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.send("Input.dispatchDragEvent", type=kind, x=300, y=200, data=data)
    page.wait_for(f"{DONE} === 1")
    assert page.evaluate("document.querySelector('#jobs .name').textContent") == path.name
    assert page.evaluate(STATES) == ["0:01.0 · 48 kHz · 2 channels · level −6.0 dB"]
    page.wait_for(f"{SEEN} && {READY}")

    page.press("l")  # so that it does not end meanwhile
    page.press(" ")
    page.wait_for(f"{PLAYING} && {POSITION} > 0.05")
    assert page.evaluate(PRESSED) == 1
    page.wait_for("heard()[1] > 0.05 && heard()[0] === 0")
    after = page.evaluate("heard()[1]")
    page.press("1")
    assert page.evaluate(PRESSED) == 0
    page.wait_for("heard()[0] > 0.05 && heard()[1] < 1e-6")
    assert page.evaluate("heard()[0]") == pytest.approx(2 * after, rel=0.1)
    page.press(" ")
    page.wait_for(f"!({PLAYING})")
    at = page.evaluate(POSITION)
    page.press("Home")
    page.wait_for(f"{POSITION} === 0")
    assert at > 0

    link = "document.querySelector('#jobs a.primary')"
    assert page.evaluate(f"{link}.download") == '<b>noisy & "co"_enhanced.flac'
    fetched = page.evaluate(
        f"fetch({link}.href).then((one) => one.arrayBuffer()).then((one) => [...new Uint8Array(one)])"
    )
    enhanced, rate_hz = soundfile.read(io.BytesIO(bytes(fetched)), always_2d=True)
    expected = live.worker.enhancer.enhance(soundfile.read(io.BytesIO(content))[0].astype(np.float32), 48000)
    assert rate_hz == 48000
    np.testing.assert_allclose(enhanced, expected, atol=2e-5)

    page.reload()
    page.wait_for(f"{DONE} === 1 && {SEEN} && {READY}")  # so that nothing is fetched that is deleted then
    page.evaluate("[...document.querySelectorAll('#jobs .quiet')].at(-1).click()")
    page.wait_for("document.querySelectorAll('#jobs article').length === 0 && sessionStorage.length === 1")
    assert keys(page) == []
    page.wait_for("fetch('/').then(() => true)")
    assert live.files() == []


def test_several_wait_for_each_other(page, live, tmp_path):
    paths = [tmp_path / f"{number}.wav" for number in range(3)]
    for path in paths:
        path.write_bytes(recording())
    live.worker.hold.clear()
    page.evaluate("document.querySelector('#options select').value = 'match'")
    page.evaluate("document.querySelector('#options select').dispatchEvent(new Event('change'))")
    choose(page, *paths)
    told = ("Enhancing", "Waiting for 1 recording before it", "Waiting for 2 recordings before it")
    page.wait_for(f"{STATES}.sort().join() === '{','.join(told)}'")
    page.evaluate(
        "[...document.querySelectorAll('#jobs article')].find((one) => one.textContent.includes('Waiting'))"
        ".querySelector('.quiet').click()"
    )
    page.wait_for("document.querySelectorAll('#jobs article').length === 2")
    live.worker.hold.set()
    page.wait_for(f"{DONE} === 2")
    assert [task.options["level"] for task in live.worker.tasks] == ["match", "match"]
    assert all("level 0.0 dB" in state for state in page.evaluate(STATES))


def test_what_goes_wrong_is_told(browser, tmp_path):
    with running(tmp_path / "live", Limits(upload_bytes=40_000, places=1)) as live:
        browser.problems.clear()
        browser.open(live.url)
        bad = {"text.wav": b"no sound", "large.wav": recording(samples=30_000), "empty.wav": b""}
        for number, (name, content) in enumerate(bad.items(), 1):
            (tmp_path / name).write_bytes(content)
            choose(browser, tmp_path / name)
            browser.wait_for(f"document.querySelectorAll('#jobs .warning').length === {number}")
        empty, large, text = browser.evaluate(STATES)
        assert "text.wav is no audio" in text and "larger than 0.04 MB" in large
        assert "the file is empty" in empty
        assert len(browser.problems) == 1 and "422" in browser.problems[0]  # noted by the browser itself


def test_the_microphone(page, live):
    page.evaluate("document.getElementById('record').click()")
    page.wait_for("Number(document.getElementById('recorded').textContent.slice(2)) > 0.6")
    page.evaluate("document.getElementById('record').click()")
    page.wait_for(f"{DONE} === 1")
    (task,) = live.worker.tasks
    assert task.label.startswith("microphone ")
    info = soundfile.info(task.folder / "enhanced.wav")
    assert info.subtype == "PCM_16" and info.channels == 1 and 0.5 < info.duration < 20
    assert page.evaluate("document.getElementById('problem').textContent") == ""


class WithBranches(Idle):
    """Has the choices of GAP-URGENet, whose own import would take most of a test's time; each halves anew."""

    branch = "fused"

    def restore(self, wave, peak):
        self.gain = {"fused": 0.5, "predictive": 0.25, "generative": 0.125}[self.branch]
        return super().restore(wave, peak)


def test_the_choices_of_gap_urgenet(browser, tmp_path):
    path = tmp_path / "noisy.wav"
    path.write_bytes(recording(samples=24037, rate_hz=48000, channels=2, subtype="PCM_24"))
    wave = soundfile.read(path)[0]
    with running(tmp_path / "live", worker=InThisProcess("gap_urgenet", WithBranches(48000))) as live:
        browser.problems.clear()
        browser.open(live.url)
        labels = "[...document.querySelectorAll('#options label')]"
        titles = browser.evaluate(f"{labels}.map((one) => one.firstChild.textContent.trim())")
        assert titles == ["Branch", "Level"]
        choose(browser, path)
        browser.wait_for(f"{DONE} === 1")
        for name, value in (("Branch", "predictive"), ("Level", "peak")):
            browser.evaluate(
                f"{labels}.filter((one) => one.textContent.startsWith('{name}'))"
                ".map((one) => one.querySelector('select'))"
                f".forEach((one) => {{ one.value = '{value}'; one.dispatchEvent(new Event('change')); }})"
            )
            choose(browser, path)
        browser.wait_for(f"{DONE} === 3 && {SEEN} && {READY}")
        for task, gain in zip(live.worker.tasks, (0.5, 0.25, 1.0), strict=True):
            found, rate_hz = soundfile.read(task.folder / "enhanced.wav")
            assert rate_hz == 48000
            np.testing.assert_allclose(found, gain * wave, atol=1e-5)
        states = browser.evaluate(STATES)
        assert all(state.startswith("0:00.5 · 48 kHz · 2 channels") for state in states)
        chosen = browser.evaluate("[...document.querySelectorAll('#jobs article')].map((one) => one.title)")
        assert chosen[0] == "predictive: changes no words, up to 8 kHz, peak as before"
        assert browser.problems == []


def test_everything_that_takes_the_focus_has_a_name(page, tmp_path):
    (tmp_path / "a.wav").write_bytes(recording())
    choose(page, tmp_path / "a.wav")
    page.wait_for(f"{DONE} === 1 && {READY}")
    assert nameless(page) == []
