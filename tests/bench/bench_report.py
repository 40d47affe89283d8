"""The listening report of a large set: python -m tests.bench.bench_report

CPU seconds that building takes, size of the page, and (where Chromium is installed) milliseconds until the
page can be used and until it is sorted, in headless Chromium; medians of several openings.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from espnet_plugin.audio.write import write_audio
from espnet_plugin.report.listening_set import CLEAN, NOISY, ListeningSet, Track
from espnet_plugin.report.page import Listening, write_page
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores
from tests.report.chromium import Chromium, find_chromium

RATE_HZ = 48000
SORT = """(() => { const began = performance.now(); document.querySelector('#table [data-sort="1"]').click();
  document.body.offsetHeight; return performance.now() - began; })()"""


def make_set(folder, utterances, heard, seconds, metrics):
    """A set of random scores; the first `heard` utterances have recordings of faint noise."""
    random = np.random.default_rng(0)
    names = [f"fileid_{number}" for number in range(utterances)]
    columns = [Column(f"METRIC_{number}") for number in range(metrics)]

    def track(name):
        values = random.uniform(1, 4, (metrics, utterances)).tolist()
        scores = {column.name: dict(zip(names, row)) for column, row in zip(columns, values)}
        for identifier in names[:heard]:
            wave = 0.01 * random.standard_normal(round(seconds * RATE_HZ))
            write_audio(folder / name / f"{identifier}.wav", wave, RATE_HZ)
        files = {identifier: folder / name / f"{identifier}.wav" for identifier in names}
        return Track(name, files, None if name == CLEAN else Scores(columns, scores))

    return ListeningSet("large", track(NOISY), (track("first"), track("second")), track(CLEAN))


def main():
    """Print the figures of one page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=1000)
    parser.add_argument("--heard", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each recording")
    parser.add_argument("--metrics", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = make_set(folder, options.utterances, options.heard, options.seconds, options.metrics)
        began = time.process_time()
        page = write_page(folder / "report.html", [one], "bench", Listening(None, max_mb=1000))
        spent_s = time.process_time() - began
        print(
            f"{page.utterances} utterances, {page.clips} with four tracks of {options.seconds:g} s at "
            f"{RATE_HZ // 1000} kHz, {options.metrics} metrics: {page.size_bytes / 1e6:.1f} MB"
        )
        print(
            f"  built in {spent_s:.2f} s of CPU, "
            f"{1000 * spent_s / max(1, page.clips):.0f} ms per utterance with audio"
        )
        program = find_chromium()
        if program is None:
            print("  no Chromium is installed (CHROMIUM names one), so the page was not opened")
            return
        figures = {"table and list can be used": [], "all of the page is there": [], "table sorted": []}
        with Chromium(program) as browser:
            for _ in range(options.rounds):
                browser.open(page.path)
                figures["table and list can be used"].append(
                    browser.evaluate("Number(document.documentElement.dataset.usable)")
                )
                loaded = "performance.getEntriesByType('navigation')[0].loadEventStart"
                figures["all of the page is there"].append(browser.evaluate(loaded))
                figures["table sorted"].append(browser.evaluate(SORT))
        for words, values in figures.items():
            print(f"  {words:<28}{statistics.median(values):8.0f} ms")


if __name__ == "__main__":
    main()
