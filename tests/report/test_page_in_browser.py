"""The page as a person uses it: headless Chromium, where there is one."""

import csv
import io
import json
import time

import numpy as np
import pytest

from espnet_plugin.report.listening_set import ListeningSet, Track
from espnet_plugin.report.page import Listening, write_page
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores
from tests.report.chromium import Chromium, find_chromium, nameless
from tests.report.conftest import MARKUP

NAMES = "[...document.querySelectorAll('#table tbody th')].map((one) => one.textContent.replace('▶ ', ''))"
PRESSED = "[...document.querySelectorAll('#stage .track')].findIndex((one) => one.ariaPressed === 'true')"
POSITION = "Number(document.querySelector('#stage input[type=range]').value)"
PLAYING = "document.querySelector('#stage .play').ariaLabel === 'Pause'"
READY = "document.querySelector('#stage .play') && !document.querySelector('#stage .play').disabled"


@pytest.fixture(scope="module")
def browser():
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is installed (CHROMIUM names one elsewhere)")
    with Chromium(program) as running:
        yield running


@pytest.fixture
def show(browser, tmp_path, small_set):
    """`show(*sets)`: the browser with a page of them; at the end nothing may have gone wrong in it."""

    def open_page(*sets, **options):
        path = tmp_path / "report.html"
        write_page(path, sets or [small_set], "Report", Listening(**options))
        browser.open(path)
        browser.evaluate("localStorage.clear()")
        browser.open(path)
        return browser

    browser.problems.clear()
    yield open_page
    assert browser.problems == []


def set_input(browser, selector, value, event="input"):
    browser.evaluate(
        f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
        f" one.value = {json.dumps(value)};"
        f" one.dispatchEvent(new Event('{event}', {{ bubbles: true }})); }})()"
    )


def click(browser, selector):
    browser.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


def test_it_opens_with_names_as_text(show):
    browser = show()
    assert browser.evaluate("Number(document.documentElement.dataset.usable)") >= 0
    assert sorted(browser.evaluate(NAMES)) == sorted(["utt_1", "utt_2", "utt_10", "utt_11", "utt_20", MARKUP])
    assert MARKUP in browser.evaluate("document.getElementById('case-list').textContent")
    assert browser.evaluate("document.getElementById('count').textContent") == "6 of 6 utterances"
    policy = (
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'bad = 1' }))"
    )
    browser.evaluate(policy)
    assert browser.evaluate("typeof bad") == "undefined"
    assert "Content Security Policy" in browser.problems.pop()


def test_sorting_puts_what_has_no_value_last(show):
    browser = show()
    head = "#table [data-sort='1']"  # PESQ of the loud net: 2, 2.5, 3.2, 3, none, 6.1
    click(browser, head)
    assert browser.evaluate(NAMES) == [MARKUP, "utt_10", "utt_11", "utt_2", "utt_1", "utt_20"]
    assert browser.evaluate("document.querySelectorAll('#table th')[2].ariaSort") == "descending"
    click(browser, head)
    assert browser.evaluate(NAMES) == ["utt_1", "utt_2", "utt_11", "utt_10", MARKUP, "utt_20"]
    click(browser, "#table [data-sort='name']")
    assert [
        name for name in browser.evaluate(NAMES) if name != MARKUP
    ] == "utt_1 utt_2 utt_10 utt_11 utt_20".split()


def test_filters_narrow_the_table_and_its_means(show, small_set):
    browser = show(count=2)
    set_input(browser, "#filters input[type=search]", "UTT_1")
    assert browser.evaluate(NAMES) == ["utt_1", "utt_10", "utt_11"]
    foot = "[...document.querySelectorAll('#table tfoot td')].map((one) => one.textContent)"
    assert browser.evaluate(foot) == ["2.67", "2.73", "+0.07"]
    set_input(browser, "#filters input[aria-label='smallest value']", "3")
    assert browser.evaluate(NAMES) == ["utt_10", "utt_11"]
    set_input(browser, "#filters input[aria-label='largest value']", "3.5")
    assert browser.evaluate(NAMES) == ["utt_10"]
    set_input(browser, "#filters input[aria-label='largest value']", "")
    set_input(browser, "#filters input[aria-label='smallest value']", "")
    set_input(browser, "#filters input[type=search]", "")
    set_input(browser, "#filters select:has(option[value=''])", '["Language","<b>"]', "change")
    assert sorted(browser.evaluate(NAMES)) == sorted([MARKUP, "utt_10"])
    set_input(browser, "#filters select:has(option[value=''])", "", "change")
    click(browser, "#filters input[type=checkbox]")
    heard = browser.evaluate(NAMES)
    assert len(heard) == 2 == browser.evaluate("document.querySelectorAll('#table .hear').length")


def test_views_of_one_recording(show, small_set):
    browser = show()
    set_input(browser, "#filters select", "gain 1", "change")
    heads = "[...document.querySelectorAll('#table thead th')].map((one) => one.textContent)"
    assert browser.evaluate(heads) == ["utterance", "PESQ", "LSD", "CAcc"]
    row = browser.evaluate(NAMES).index("utt_11")
    cells = f"[...document.querySelectorAll('#table tbody tr')[{row}].querySelectorAll('td')]"
    cells += ".map((one) => one.textContent)"
    gains = [small_set.gain(small_set.systems[0], column, "utt_11") for column in small_set.columns]
    shown = [float(text.replace("−", "-")) for text in browser.evaluate(cells)]
    assert shown == pytest.approx(gains, abs=0.051) and shown[0] == -1


@pytest.mark.parametrize("audio_format", ["flac", "ogg"])
def test_every_utterance_can_be_decoded(show, audio_format):
    browser = show(audio_format=audio_format)
    for _ in range(6):
        browser.press("n")
        browser.wait_for(READY)
        browser.wait_for("[...document.querySelectorAll('#stage img')].every((one) => one.naturalWidth > 0)")
    assert browser.evaluate("document.querySelectorAll('#stage [role=alert]').length") == 0


def test_keys_play_move_and_switch(show):
    browser = show()
    browser.wait_for(READY)
    assert browser.evaluate(PRESSED) == 1  # the first system
    browser.press("3")
    assert browser.evaluate(PRESSED) == 2
    browser.press("9")
    assert browser.evaluate(PRESSED) == 2
    browser.click("#stage .track")  # after a click, space belongs to the player and not to the button
    browser.press("2")
    browser.press(" ")
    browser.wait_for(PLAYING)
    assert browser.evaluate(PRESSED) == 1
    browser.press(" ")
    browser.press("Home")
    browser.press(" ")
    browser.wait_for(f"{PLAYING} && {POSITION} > 0.05")
    browser.press("1")
    assert browser.evaluate(PRESSED) == 0
    browser.press(" ")
    browser.wait_for(f"!({PLAYING})")
    at = browser.evaluate(POSITION)
    assert at > 0.05
    browser.press("ArrowRight")
    browser.wait_for(
        f"Math.abs({POSITION} - Number(document.querySelector('#stage input[type=range]').max)) < 0.02"
    )
    browser.press("ArrowLeft")
    browser.wait_for(f"{POSITION} === 0")


def test_it_stops_at_the_end_or_repeats_a_stretch(show):
    browser = show()
    browser.wait_for(READY)
    browser.press(" ")
    browser.wait_for(PLAYING)
    browser.wait_for(f"!({PLAYING})")
    longest = browser.evaluate("Number(document.querySelector('#stage input[type=range]').max)")
    assert browser.evaluate(POSITION) == pytest.approx(longest, abs=0.02)

    box = browser.box("#stage .picture")
    mouse = {"button": "left", "buttons": 1, "clickCount": 1, "y": box["y"] + 20}
    for kind, share in (("mousePressed", 0.25), ("mouseMoved", 0.5), ("mouseReleased", 0.75)):
        browser.send("Input.dispatchMouseEvent", type=kind, x=box["x"] + share * box["width"], **mouse)
    assert browser.evaluate("document.querySelector('#stage .range').style.width") == "50%"
    browser.press(" ")
    browser.wait_for(PLAYING)
    time.sleep(longest)  # longer than the stretch
    assert browser.evaluate(PLAYING)
    assert longest / 4 - 0.05 <= browser.evaluate(POSITION) <= 0.75 * longest + 0.05
    browser.press("l")
    browser.wait_for(f"!({PLAYING})")


def test_a_row_of_the_table_opens_its_utterance(show):
    browser = show()
    browser.evaluate("[...document.querySelectorAll('#table .hear')].at(-1).click()")
    name = browser.evaluate(NAMES)[-1]
    assert browser.evaluate("document.querySelector('#stage h3').textContent") == name
    assert browser.evaluate("document.querySelector('#case-list [aria-current]').textContent").startswith(
        name
    )


def begin(browser, seed):
    set_input(browser, "#blind label:nth-of-type(4) input", str(seed))
    click(browser, "#blind button[type=submit]")


def exported(browser, words):
    browser.evaluate("URL.createObjectURL = (blob) => { window.saved = blob.text(); return '#'; }")
    buttons = "[...document.querySelectorAll('#blind button')]"
    browser.evaluate(f"{buttons}.find((one) => one.textContent === '{words}').click()")
    return browser.evaluate("window.saved")


def test_blind_test_from_beginning_to_export(show):
    browser = show()
    orders = []
    for seed in (3, 3, 4):
        begin(browser, seed)
        shown = browser.evaluate("document.querySelector('#blind .stage').textContent")
        assert "Trial 1 of 5" in shown and "loud net" not in shown and "quiet gate" not in shown
        for number in range(5):
            if number == 2:  # the browser was closed meanwhile
                browser.reload()
                assert browser.evaluate("document.querySelector('#blind h3').textContent") == "Trial 3 of 5"
            browser.wait_for("!document.querySelector('#blind .play').disabled")
            click(browser, f"#blind [data-answer={'a' if number < 4 else 'same'}]")
        record = json.loads(exported(browser, "Export JSON"))
        orders.append([(answer["utterance"], answer["a"]) for answer in record["answers"]])
        rows = list(csv.DictReader(io.StringIO(exported(browser, "Export CSV"))))
        assert [row["preferred"] for row in rows] == [answer["preferred"] for answer in record["answers"]]
        browser.evaluate("[...document.querySelectorAll('#blind button')].at(-1).click()")
    assert record["seed"] == 4 and record["compared"] == ["loud net", "quiet gate"] and record["reference"]
    assert [answer["preferred"] for answer in record["answers"]] == [*(a for _, a in orders[2][:4]), ""]
    assert sorted(a for _, a in orders[0]).count("loud net") in (2, 3)
    assert orders[0] == orders[1] != orders[2]
    assert len({name for name, _ in orders[0]}) == 5  # the one without the gate's recording is left out


def test_everything_that_takes_the_focus_has_a_name(show):
    browser = show()
    click(browser, "#blind button[type=submit]")
    assert nameless(browser) == []


def test_theme_is_kept(show):
    page = show()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    click(page, "#theme")
    click(page, "#theme")
    dark = page.evaluate(background)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark" and dark != light
    page.reload()
    assert page.evaluate(background) == dark


def test_another_set(show, small_set, recordings):
    other = ListeningSet("bare", Track("noisy", recordings["noisy"]), (Track("b", recordings["clean"]),))
    browser = show(small_set, other)
    set_input(browser, "#set-choice", "1", "change")
    browser.wait_for(READY)
    assert browser.evaluate(
        "[...document.querySelectorAll('#stage .track-name')].map((one) => one.textContent)"
    ) == ["noisy", "b"]
    assert browser.evaluate("[...document.querySelectorAll('.set')].map((one) => one.hidden)") == [
        True,
        False,
    ]


def test_a_thousand_utterances(show):
    random = np.random.default_rng(0)
    names = [f"fileid_{number}" for number in range(1000)]
    columns = [Column(f"M{number}") for number in range(12)]

    def track(name):
        values = {column.name: dict(zip(names, random.normal(size=1000).tolist())) for column in columns}
        return Track(name, dict.fromkeys(names, "nowhere.wav"), Scores(columns, values))

    browser = show(ListeningSet("large", track("noisy"), (track("a"), track("b"), track("c"))))
    assert browser.evaluate("document.getElementById('count').textContent") == "1000 of 1000 utterances"
    set_input(browser, "#filters select", "track 2", "change")
    rows = "document.querySelectorAll('#table tbody tr').length"
    assert browser.evaluate(rows) < 500  # the rest comes with scrolling
    for _ in range(8):
        before = browser.evaluate(rows)
        browser.evaluate("document.querySelector('#utterances .scroll').scrollTo(0, 1e6)")
        if before < 1000:
            browser.wait_for(f"{rows} > {before}")
    click(browser, "#table [data-sort='0']")
    values = [
        float(one.replace("−", "-"))
        for one in browser.evaluate(
            "[...document.querySelectorAll('#table tbody td:nth-of-type(1)')].map((one) => one.textContent)"
        )
    ]
    assert values == sorted(values, reverse=True)
