"""Two variants side by side in one process: medians, ratios, and how busy the machine was."""

import os
import statistics
import time
from collections.abc import Callable, Mapping


def compare(
    variants: Mapping[str, Callable[[], object]], rounds: int = 5, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Run the variants in turn, A B A B ..., after one unmeasured round.

    Args:
        variants: name -> what to time; the first is the one the others are compared with.
        rounds: measured calls of each.
        clock: in seconds; `time.process_time` leaves out the time that other processes take.

    Returns:
        name -> median seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, call in variants.items():
            started = clock()
            call()
            if number:
                seconds[name].append(clock() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def print_rows(title: str, medians: Mapping[str, float], unit_s: float = 1.0, unit: str = "s") -> None:
    """Print one row per variant with its ratio to the first.

    Args:
        title: what was measured.
        medians: name -> seconds, as from `compare`.
        unit_s, unit: what the seconds are divided by and its name, such as seconds of audio.
    """
    load = os.getloadavg()[0]
    print(f"{title} (1-minute load {load:.1f} on {os.cpu_count()} cores)")
    first = next(iter(medians.values()))
    for name, seconds in medians.items():
        print(f"  {name:<34}{seconds / unit_s:9.3f} {unit}   {first / seconds:6.1f} x")
