"""The challenge's rendering as a program without thought for speed has it: one library call for each step."""

import contextlib
from unittest import mock

import numpy as np
import soundfile
from scipy.signal import convolve, filtfilt, firwin2

from espnet_plugin.simulation.challenge import distortion, ffmpeg, mixture, noise, render
from tests.bench.plain_degradation import plain_active_power, plain_detour


def plain_high_pass(wave, rate_hz):
    count = int(10 * rate_hz / (22 * 15))
    taps = firwin2(count + 1 - count % 2, [0, 55, 70, rate_hz / 2], [0, 0, 1, 1], fs=rate_hz)
    return filtfilt(taps, 1.0, wave)


def plain_reverberate(wave, response):
    return convolve(wave, response)[: len(wave)]


def plain_noise(item):
    """The whole noise is decoded before a stretch is cut, and the speech once more to learn its length."""
    random = np.random.default_rng(int(item.id.rpartition("_")[2]))
    soundfile.read(item.speech.path)
    wave = item.noise.read(item.rate_hz, np.float64)
    return noise.stretch(wave, noise.draw_start(len(wave), item.samples, random), item.samples)


def one_by_one(works):
    """Every codec and every wind in processes of its own."""
    return [ffmpeg.alone(work) for work in works]


@contextlib.contextmanager
def plain_steps():
    """Within it, the renderer uses the functions above instead of its own."""
    with (
        mock.patch.multiple(mixture, high_pass=plain_high_pass, reverberate=plain_reverberate),
        mock.patch.object(distortion, "resample_detour", plain_detour),
        mock.patch.object(noise, "active_power", plain_active_power),
        mock.patch.object(render.ChallengeItem, "_noise", plain_noise),
        mock.patch.object(render, "together", one_by_one),
    ):
        yield
