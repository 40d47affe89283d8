"""The 32 pairs of the official renderer."""

import numpy as np
import pytest

from espnet_plugin.audio.read import read_audio
from espnet_plugin.simulation.challenge.render import render
from espnet_plugin.simulation.meta import read_meta

STEP = 2**-15
#: How many steps other builds of ffmpeg may be off; the first that a row has. Opus has another encoder now.
OTHER_BUILDS = {"opus": 2**16, "wind": 335, "mp3": 8, "vorbis": 1}


@pytest.fixture(scope="module")
def pairs(shared, tmp_path_factory, ffmpeg_program):
    """The rows, the folder of the official audio, and that of ours."""
    folder = shared / "fixtures" / "simulation"
    rows = {row.id: row for row in read_meta(folder / "meta.tsv")}
    header, *lines = (folder / "meta.tsv").read_text().splitlines()
    filtered = dict(line.split() for line in (folder / "rendered.tsv").read_text().splitlines()[1:])
    out = tmp_path_factory.mktemp("rendered")
    for flag in ("True", "False"):
        wanted = [line for line in lines if filtered.get(line.partition("\t")[0]) == flag]
        meta = out / flag / "meta.tsv"
        meta.parent.mkdir()
        meta.write_text("\n".join([header, *wanted]) + "\n")
        rendered = render(folder / "simulation.yaml", meta, out / flag, high_pass=flag == "True")
        assert (rendered.made, rendered.failed) == (len(wanted), 0)
    return [(rows[uid], folder, out / flag) for uid, flag in filtered.items()]


def test_all_pairs(pairs, official_ffmpeg):
    assert len(pairs) == 32
    for row, official, ours in pairs:
        expected, found = (read_audio(folder / row.clean_path)[0] for folder in (official, ours))
        np.testing.assert_array_equal(found, expected, err_msg=row.id)

        text = row.augmentation
        steps = 1 if official_ffmpeg else next((n for name, n in OTHER_BUILDS.items() if name in text), 1)
        expected, found = (read_audio(folder / row.noisy_path)[0] for folder in (official, ours))
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= steps * STEP, row
