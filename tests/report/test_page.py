"""The HTML file: whole, closed to the outside, and no place for markup in names."""

import base64
import dataclasses
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import pytest
import soundfile

from espnet_plugin.errors import UserError
from espnet_plugin.report.listening_set import NOISY, ListeningSet, Track
from espnet_plugin.report.page import Listening, write_page
from tests.report.conftest import IDENTIFIERS, MARKUP, RATES_HZ

EMPTY = {"meta", "input", "br", "img", "link", "hr"}


class Reader(HTMLParser):
    """Collects elements with their attributes and text; notes tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.mistakes, self._open = [], [], []
        self.feed(text)
        self.close()
        self.mistakes.extend(f"{tag} stays open" for tag, _ in self._open)

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        self.elements.append(element)
        if tag not in EMPTY:
            self._open.append((tag, element))

    def handle_startendtag(self, tag, attributes):
        self.elements.append({"tag": tag, "text": "", **dict(attributes)})

    def handle_endtag(self, tag):
        if tag in EMPTY:
            return
        if not self._open or self._open[-1][0] != tag:
            self.mistakes.append(f"</{tag}> closes nothing")
        else:
            self._open.pop()

    def handle_data(self, data):
        for _, element in self._open:
            element["text"] += data

    def all(self, tag, **wanted):
        return [
            one
            for one in self.elements
            if one["tag"] == tag and all(one.get(name) == value for name, value in wanted.items())
        ]

    @property
    def content(self):
        (element,) = self.all("script", id="content")
        return json.loads(element["text"])


@pytest.fixture
def write(tmp_path, small_set):
    """`write(sets=..., **options of Listening)`: the page, read."""

    def make(*sets, title="A <b>title</b>", **options):
        path = tmp_path / "page" / "report.html"
        page = write_page(path, sets or [small_set], title, Listening(**options))
        assert page.size_bytes == path.stat().st_size
        assert [found.name for found in path.parent.iterdir()] == ["report.html"]
        return Reader(path.read_text(encoding="utf-8"))

    return make


def test_every_tag_is_closed_and_nothing_comes_from_outside(write):
    reader = write()
    assert reader.mistakes == []
    for element in reader.elements:
        for name in ("src", "href", "action", "data", "srcset"):
            assert element.get(name, "#").startswith("#"), element
    style = reader.all("style")[0]["text"]
    assert "url(" not in style and "@import" not in style
    (policy,) = (one["content"] for one in reader.all("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'")


def test_only_our_script_may_run(write):
    reader = write()
    (policy,) = (one["content"] for one in reader.all("meta") if "http-equiv" in one)
    (script,) = (one for one in reader.all("script") if "type" not in one)
    digest = base64.b64encode(hashlib.sha256(script["text"].encode()).digest()).decode()
    assert re.search(r"script-src ([^;]*)", policy)[1] == f"'sha256-{digest}'"
    assert "fetch(" not in script["text"] and "XMLHttpRequest" not in script["text"]
    assert "innerHTML" not in script["text"]  # names are set as text


def test_names_are_never_markup(write):
    reader = write()
    recordings = sum(len(one["tracks"]) for one in reader.content["sets"][0]["clips"]) - 1
    assert len(reader.all("script")) == 2 + 2 * recordings  # the gate lacks one recording
    assert MARKUP in reader.content["sets"][0]["ids"]
    assert reader.all("h1")[0]["text"] == "A <b>title</b>" and not reader.all("b")
    assert "<b>" in reader.content["sets"][0]["groups"]["Language"]


def test_content_of_a_set(write, small_set):
    (one,) = write(seed=7).content["sets"]
    ids = one["ids"]
    assert [track["name"] for track in one["tracks"]] == ["noisy", "loud net", "quiet gate", "clean"]
    assert [track["system"] for track in one["tracks"]] == [False, True, True, False]
    assert one["values"][2] is None and one["values"][3] is None
    pesq = dict(zip(ids, one["values"][1][0]))
    assert pesq["utt_1"] == 2 and pesq["utt_20"] is None  # NaN
    assert [ids[row] for row in one["groups"]["Language"]["deu"]] == ["utt_1", "utt_2"]
    assert [column["better"] for column in one["columns"]] == ["higher", "lower", "higher"]


def test_recordings_lie_where_the_content_says(write, small_set):
    reader = write()
    (one,) = reader.content["sets"]
    assert len(one["clips"]) == 6
    for clip in one["clips"]:
        identifier = one["ids"][clip["row"]]
        rate_hz = RATES_HZ[IDENTIFIERS.index(identifier)]
        assert clip["top_hz"] == rate_hz / 2
        for track, recording in zip(small_set.tracks, clip["tracks"]):
            if recording is None:
                assert (track.name, identifier) == ("quiet gate", MARKUP)
                continue
            (audio,) = reader.all("script", id=f"blob-{recording['audio']}")
            wave, rate = soundfile.read(io.BytesIO(base64.b64decode(audio["text"])))
            original, _ = soundfile.read(track.files[identifier])
            assert rate == recording["rate_hz"] == rate_hz and (wave == original).all()
            assert recording["seconds"] == pytest.approx(len(wave) / rate_hz, abs=1e-3)
            (image,) = reader.all("script", id=f"blob-{recording['image']}")
            assert base64.b64decode(image["text"])[8:12] == b"WEBP"


@pytest.mark.parametrize(
    "options, heard",
    [({"count": 0}, 0), ({"count": 4}, 4), ({"count": None}, 6), ({"identifiers": ("utt_2", "other")}, 1)],
)
def test_how_many_can_be_heard(write, options, heard):
    assert len(write(**options).content["sets"][0]["clips"]) == heard


def test_ids_that_are_in_no_set(write):
    with pytest.raises(UserError, match="no utterance is called other"):
        write(identifiers=("other",))


def test_only_noisy_and_a_system(write, recordings):
    reader = write(ListeningSet("bare", Track(NOISY, recordings[NOISY]), (Track("a", recordings["clean"]),)))
    (one,) = reader.content["sets"]
    assert one["columns"] == [] and len(one["clips"]) == 6 and len(one["clips"][0]["tracks"]) == 2
    assert "No scores were given." in reader.all("main")[0]["text"] and not reader.all(
        "table", **{"class": "means"}
    )


def test_several_sets_can_be_chosen(write, small_set):
    reader = write(small_set, dataclasses.replace(small_set, name="<other>"), count=1)
    assert [one["text"] for one in reader.all("option")] == ["small", "<other>"]
    assert [one["name"] for one in reader.content["sets"]] == ["small", "<other>"]


def test_best_means_and_remarks_can_be_read_without_scripts(write):
    reader = write()
    (table,) = reader.all("table", **{"class": "means"})
    assert "PESQ ↑" in table["text"] and "3.50" in table["text"] and "LSD [dB] ↓" in table["text"]
    assert "quiet gate lacks 1 of 6 recordings" in reader.all("main")[0]["text"]
    assert len(reader.all("td", **{"class": "number best"})) == 3


def test_a_file_that_is_gone_has_no_track(write, small_set, recordings):
    recordings["loud net"]["utt_1"].unlink()
    (one,) = write().content["sets"]
    (clip,) = (clip for clip in one["clips"] if one["ids"][clip["row"]] == "utt_1")
    assert clip["tracks"][1] is None and clip["tracks"][0]


def test_too_large_a_page(tmp_path, small_set, write):
    size = sum(len(one["text"]) for one in write().all("script", type="text/plain"))
    path, limit_mb = tmp_path / "large.html", 0.6 * size / 1e6
    with pytest.raises(UserError, match=r"--listen (\d)\).*--audio_format ogg.*--max_mb \d") as error:
        write_page(path, [small_set], "t", Listening(max_mb=limit_mb))
    assert not path.exists() and "\n" not in str(error.value)
    fewer = int(re.search(r"--listen (\d)", str(error.value))[1])
    assert 2 <= fewer <= 3
    assert write_page(path, [small_set], "t", Listening(fewer, max_mb=limit_mb)).clips == fewer


@pytest.mark.parametrize("options", [{"audio_format": "wav"}, {"count": -1}])
def test_wrong_options(options):
    with pytest.raises(UserError):
        Listening(**options)
