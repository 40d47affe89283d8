"""Measurements of small networks."""

import contextlib
import os
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from espnet_plugin.benchmark import measurement, random_weights
from espnet_plugin.benchmark.measurement import Case, measure, measure_here, noise, timed_compiled
from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer
from espnet_plugin.enhance.semamba_pp_enhancer import SEMambaPPEnhancer
from espnet_plugin.errors import UserError
from tests.export.tiny import tiny_network
from tests.gap_urgenet.tiny import OPTIONS


def test_random_weights_have_the_released_size_and_let_a_signal_through(monkeypatch):
    from espnet_plugin.gap_urgenet import network

    assert (
        sum(weights.numel() for weights in random_weights.random_network("semamba_pp").parameters())
        == 2_655_521
    )
    released = network.GapUrgenet
    monkeypatch.setattr(network, "GapUrgenet", lambda: released(**OPTIONS))
    tiny = random_weights.random_network("gap_urgenet")
    enhanced = GapUrgenetEnhancer(tiny, "cpu").enhance(noise(0.3, 48000), 48000)
    assert np.isfinite(enhanced).all() and np.abs(enhanced).max() > 0


def test_the_process_is_set_up_like_that_of_a_command(monkeypatch):
    class Asked(measurement.ProcessPoolExecutor):
        def submit(self, function, /, *arguments):
            return super().submit(os.getenv, "OMP_WAIT_POLICY")

    monkeypatch.setattr(measurement, "ProcessPoolExecutor", Asked)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert measure(Case("semamba_pp", None, "cpu", "float32")) == "passive"


def test_a_measurement_is_whole(monkeypatch):
    runs = []
    enhancer = SEMambaPPEnhancer(tiny_network(), "cpu")
    right = enhancer.enhance
    monkeypatch.setattr(
        enhancer, "enhance", lambda wave, rate_hz: runs.append(len(wave)) or right(wave, rate_hz)
    )
    monkeypatch.setattr(measurement, "load", lambda case: enhancer)
    measured = measure_here(Case("semamba_pp", None, "cpu", "float32", seconds=1.5, rounds=3), started_s=0.0)
    assert runs == [16000] + 3 * [24000]
    assert 0 < measured.load_s < measured.first_second_s and measured.first_second_cpu_s > 0
    assert measured.real_time_factor > 0 and measured.cpu_s_per_s > 0 and measured.memory_gib > 0
    assert measured.calculates_in == "float32" and measured.threads == torch.get_num_threads()
    assert measured.gpu_memory_gib is None and measured.compiled_factor is None
    assert np.array_equal(measured.enhanced, right(noise(1.5, 16000), 16000))


@pytest.mark.parametrize(
    "error, words",
    [
        (UserError("the checkpoint is damaged"), "the checkpoint is damaged"),
        (RuntimeError("CUDA out of memory.\nTried to allocate"), "CUDA out of memory."),
        (BrokenProcessPool("a long story"), "the process died, probably for lack of memory"),
    ],
)
def test_a_case_that_fails_is_one_line(monkeypatch, error, words):
    class Executor(contextlib.nullcontext):
        def submit(self, *_):
            raise error

    monkeypatch.setattr(measurement, "ProcessPoolExecutor", lambda *_, **__: Executor(Executor()))
    assert measure(Case("semamba_pp", None, "cpu", "float32")) == words


@pytest.mark.parametrize("works", [True, False])
def test_compilers_that_fail_end_nothing(monkeypatch, works):
    network = SimpleNamespace()
    enhancer = SimpleNamespace(network=network, enhance=lambda wave, rate_hz: wave)

    def compile_(module, mode):
        assert module is network and mode == "reduce-overhead"
        if not works:
            raise RuntimeError("no compiler\nat all")
        return module

    monkeypatch.setattr(torch, "compile", compile_)
    seconds, note = timed_compiled(enhancer, noise(0.1, 16000), 16000, 2)
    assert (seconds is not None, note) == (
        (True, "") if works else (False, "torch.compile failed: no compiler")
    )
    assert enhancer.network is network
