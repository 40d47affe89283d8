"""For who has the released weights: our output is the authors' own output, recording by recording.

    GAP_URGENET_CHECKPOINT=folder/with/five/pt python -m pytest tests/enhance/test_gap_released.py
"""

import os

import numpy as np
import pytest
import soundfile

import espnet_plugin

CHECKPOINT = os.environ.get("GAP_URGENET_CHECKPOINT")


@pytest.fixture(scope="module")
def official():
    if not CHECKPOINT:
        pytest.skip("needs the released weights: GAP_URGENET_CHECKPOINT=folder")
    # The authors processed each recording in one piece.
    return espnet_plugin.load("gap_urgenet", checkpoint=CHECKPOINT, window_s=20, packet_loss="official")


@pytest.mark.parametrize("name", ["fileid_49.flac", "fileid_210.flac", "fileid_295.wav"])
def test_the_authors_own_output(shared, official, name):
    folder = shared / "audio" / "urgent26"
    noisy, rate_hz = soundfile.read(folder / "noisy" / name, dtype="float32")
    expected, _ = soundfile.read(folder / "enh" / name, dtype="float32")
    difference = official.enhance(noisy, rate_hz) - expected
    signal_to_difference_db = 20 * np.log10(np.linalg.norm(expected) / np.linalg.norm(difference))
    # 16-bit files and other versions of torch; a mistake in any part leaves less than 20 dB.
    assert signal_to_difference_db > 30
