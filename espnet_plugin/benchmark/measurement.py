"""One model on one device in one precision, measured in a process of its own."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from espnet_plugin import process_settings

#: Of the recordings: what the models get most often.
RATES_HZ = {"semamba_pp": 16000, "gap_urgenet": 48000}


@dataclass(frozen=True)
class Case:
    """What to measure.

    Attributes:
        model: "semamba_pp" or "gap_urgenet".
        checkpoint: as for `espnet_plugin.load`; None for random weights of released size.
        device, dtype: as for `espnet_plugin.load`.
        seconds: length of the recording.
        rounds: measured runs; the medians count.
        threads: of torch; None as torch chooses.
        rate_hz: of the recording; None: what the model gets most often, see `RATES_HZ`.
    """

    model: str
    checkpoint: Path | None
    device: str
    dtype: str
    seconds: float = 10.0
    rounds: int = 3
    threads: int | None = None
    rate_hz: int | None = None


@dataclass
class Measurement:
    """What was measured; times are wall seconds where nothing else is said.

    Attributes:
        calculates_in: precision of the network, as some devices lack the one that was asked for.
        threads: of torch.
        parameters: of the network.
        load_s: from the start of the process to the loaded model.
        first_second_s: from the start of the process to the first second of enhanced audio.
        first_second_cpu_s: the same in processor seconds.
        real_time_factor: seconds per second of audio.
        cpu_s_per_s: processor seconds per second of audio.
        memory_gib: largest memory of the process.
        gpu_memory_gib: largest memory that torch had on the GPU; None elsewhere.
        compiled_factor: the real-time factor with torch.compile and CUDA graphs; None where it was not tried.
        note: why something is missing.
        enhanced: the recording that came out.
    """

    calculates_in: str
    threads: int
    parameters: int
    load_s: float
    first_second_s: float
    first_second_cpu_s: float
    real_time_factor: float
    cpu_s_per_s: float
    memory_gib: float
    gpu_memory_gib: float | None
    compiled_factor: float | None
    note: str
    enhanced: np.ndarray


def measure(case: Case) -> Measurement | str:
    """Measure in a fresh process.

    Returns:
        What was measured, or in one line why not.
    """
    from espnet_plugin.errors import UserError

    started_s = time.monotonic()
    # With the settings of the commands, without which the memory alone takes a tenth of the time.
    spawn, settle = get_context("spawn"), process_settings.settle
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=settle) as executor:
        try:
            return executor.submit(measure_here, case, started_s).result()
        except BrokenProcessPool:
            return "the process died, probably for lack of memory"
        except (
            UserError,
            MemoryError,
            RuntimeError,
        ) as error:  # the last one is torch's, also for a full GPU
            return (str(error) or type(error).__name__).splitlines()[0]


def measure_here(case: Case, started_s: float) -> Measurement:
    """Measure in this process.

    Args:
        case: what to measure.
        started_s: when the process was started, by `time.monotonic`, which all processes of a machine share.
    """
    import torch

    if case.threads:
        torch.set_num_threads(case.threads)
    enhancer = load(case)
    load_s = time.monotonic() - started_s
    rate_hz = case.rate_hz or RATES_HZ[case.model]
    recording = noise(case.seconds, rate_hz)
    enhancer.enhance(recording[:rate_hz], rate_hz)
    first_second_s, first_second_cpu_s = time.monotonic() - started_s, time.process_time()

    # GPUs choose their kernels in the first run of a length.
    rounds = case.rounds + (enhancer.device.type != "cpu")
    enhanced, wall_s, cpu_s = timed(enhancer, recording, rate_hz, rounds)
    on_cuda = enhancer.device.type == "cuda"
    gpu_memory_gib = torch.cuda.max_memory_allocated(enhancer.device) / 2**30 if on_cuda else None
    compiled_s, note = timed_compiled(enhancer, recording, rate_hz, rounds) if on_cuda else (None, "")
    from espnet_plugin.enhance.runner import memory_gib

    parameters = sum(parameter.numel() for parameter in enhancer.network.parameters())
    return Measurement(
        *(str(enhancer.dtype).removeprefix("torch."), torch.get_num_threads(), parameters),
        *(load_s, first_second_s, first_second_cpu_s),
        *(wall_s / case.seconds, cpu_s / case.seconds, memory_gib(), gpu_memory_gib),
        *(compiled_s and compiled_s / case.seconds, note, enhanced),
    )


def load(case: Case):
    """The model that enhances."""
    if case.checkpoint is not None:
        import espnet_plugin

        return espnet_plugin.load(case.model, case.checkpoint, case.device, case.dtype)
    from espnet_plugin.benchmark.random_weights import random_network

    if case.model == "gap_urgenet":
        from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer as Enhancer
    else:
        from espnet_plugin.enhance.semamba_pp_enhancer import SEMambaPPEnhancer as Enhancer
    return Enhancer(random_network(case.model), case.device, case.dtype)


def noise(seconds: float, rate_hz: int) -> np.ndarray:
    """Noise with the pauses of speech, the same for all cases of a rate."""
    samples = max(round(seconds * rate_hz), 1)
    loudness = 0.55 - 0.45 * np.cos(2 * np.pi * 3 * np.arange(samples) / rate_hz)
    return (0.1 * loudness * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


def timed(enhancer, recording: np.ndarray, rate_hz: int, rounds: int) -> tuple[np.ndarray, float, float]:
    """The last result, and the medians of wall and of processor seconds."""
    wall_s, cpu_s = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        enhanced = enhancer.enhance(recording, rate_hz)  # in NumPy, so that a GPU is done with it
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
    return enhanced, statistics.median(wall_s), statistics.median(cpu_s)


def timed_compiled(enhancer, recording: np.ndarray, rate_hz: int, rounds: int) -> tuple[float | None, str]:
    """Median wall seconds with torch.compile and CUDA graphs, or why there are none."""
    import torch

    plain = enhancer.network
    try:
        enhancer.network = torch.compile(plain, mode="reduce-overhead")
        enhancer.enhance(recording, rate_hz)  # compiles
        return timed(enhancer, recording, rate_hz, rounds)[1], ""
    except Exception as error:  # compilers of kernels fail in many ways, none of which ends the benchmark
        return None, f"torch.compile failed: {(str(error) or type(error).__name__).splitlines()[0]}"
    finally:
        enhancer.network = plain
