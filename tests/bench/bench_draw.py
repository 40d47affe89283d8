"""Drawing of the challenge's parameters from full-size lists: python -m tests.bench.bench_draw

CPU seconds of this one process. The plain variant makes an array of all ids for every choice, as the official
script does; both give the same rows, which is checked.
"""

import argparse
import itertools
import time
from unittest import mock

import numpy as np

from espnet_plugin.simulation.challenge import draw as challenge_draw
from espnet_plugin.simulation.challenge.draw import draw_rows
from espnet_plugin.simulation.challenge.source_lists import SourceList, SourceLists
from espnet_plugin.simulation.challenge.steps import RATES_HZ
from tests.simulation.challenge.plain_pool import PlainPool
from tests.simulation.challenge.settings_of_the_challenge import challenge_settings


def make_lists(speech, noises, winds, responses):
    """Lists of that many files, spread over the seven rates; no files."""

    def files(name, count, rates_hz=RATES_HZ):
        return SourceList({f"{name}_{n:07d}": (rates_hz[n % len(rates_hz)], "") for n in range(count)})

    return SourceLists(
        speech=files("speech", speech),
        noises=files("noise", noises),
        wind_noises=files("wind_noise", winds),
        responses=files("room", responses, (48000,)),
        speaker_of={},
        text_of={},
        fingerprint="",
    )


def rows_and_seconds(settings, lists, samples_of, items=None):
    """The first rows, and CPU seconds per row."""
    began = time.process_time()
    rows = list(itertools.islice(draw_rows(settings, lists, samples_of), items))
    return rows, (time.process_time() - began) / len(rows)


def main():
    """Print milliseconds per item."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--plain_items", type=int, default=200, help="of the plain variant and beside it")
    parser.add_argument("--noises", type=int, default=120_000)
    parser.add_argument("--rooms", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    settings = challenge_settings(wind_probability=0.05)
    lists = make_lists(options.items, options.noises, 1400, options.rooms)
    samples_of = {uid: 60_000 + 1_000 * (n % 300) for n, uid in enumerate(lists.speech)}
    print(f"{options.noises} noises, {options.rooms} rooms; CPU milliseconds per item")
    plain_s, ours_s = [], []
    for _ in range(options.rounds):
        with mock.patch.object(challenge_draw, "SourcePool", PlainPool):
            plain, seconds = rows_and_seconds(settings, lists, samples_of, options.plain_items)
        plain_s.append(seconds)
        ours, seconds = rows_and_seconds(settings, lists, samples_of, options.plain_items)
        ours_s.append(seconds)
        assert ours == plain
    plain_s, ours_s = np.median(plain_s), np.median(ours_s)
    _, all_s = rows_and_seconds(settings, lists, samples_of)
    for items, variant, seconds in (
        (options.plain_items, "an array of all ids per choice", plain_s),
        (options.plain_items, "ours, with the indexing of the lists", ours_s),
        (options.items, "ours, with the indexing of the lists", all_s),
    ):
        print(f"  {items:7} items, {variant:<40}{1e3 * seconds:9.3f}   {plain_s / seconds:5.1f} x")


if __name__ == "__main__":
    main()
