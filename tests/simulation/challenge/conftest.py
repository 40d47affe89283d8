"""The program ffmpeg, where there is one."""

import subprocess

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge import ffmpeg


@pytest.fixture(scope="session")
def ffmpeg_program():
    """Its path; the tests that need it are skipped without."""
    try:
        return ffmpeg.ffmpeg_program()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def official_ffmpeg(ffmpeg_program):
    """Whether it is the version that the reference audio was made with, so that all bits have to be equal."""
    text = subprocess.run([ffmpeg_program, "-version"], capture_output=True, text=True, check=True).stdout
    return text.startswith("ffmpeg version 5.1")
