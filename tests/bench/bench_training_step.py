"""A training step of SEMamba++ with the fast and the textbook scan: python -m tests.bench.bench_training_step

One step: generator, turn of the discriminators, turn of the generator with all losses, both optimisers, in
float32 on the CPU. Times are measured in turn in one process, peak memory in a process of each variant's own.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import time
from unittest import mock

import torch

from espnet_plugin.semamba_pp import time_mamba
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.spectrum import Spectrum
from espnet_plugin.training.adversaries import VocoderAdversary
from espnet_plugin.training.losses import ReconstructionLoss
from espnet_plugin.training.signal import Signal
from tests.bench.textbook_scan import textbook_scan
from tests.bench.timing import compare, print_rows


class Step:
    """Full-size models, optimisers and one batch of noise.

    Args:
        seconds: length of the segments.
        items: batch size.
    """

    def __init__(self, seconds: float, items: int):
        torch.manual_seed(0)
        self.network, self.spectrum = SEMambaPP(), Spectrum()
        self.reconstruction, self.adversary = ReconstructionLoss(), VocoderAdversary()
        self.optimisers = [
            torch.optim.AdamW(module.parameters(), 2e-4, betas=(0.8, 0.99))
            for module in (self.network, self.adversary)
        ]
        self.degraded, clean = torch.randn(2, items, round(seconds * self.spectrum.rate_hz)) * 0.1
        self.clean = Signal(clean, *self.spectrum.analyse(clean))
        self.parts: dict[str, list[float]] = {}

    @contextlib.contextmanager
    def part(self, name: str):
        """Note how long the body takes."""
        started = time.perf_counter()
        yield
        self.parts.setdefault(name, []).append(time.perf_counter() - started)

    def __call__(self) -> float:
        """Train once; returns the generator's loss."""
        generator_optimiser, discriminator_optimiser = self.optimisers
        with self.part("generator, forward"):
            magnitude, phase = self.network(*self.spectrum.analyse(self.degraded))
            wave = self.spectrum.synthesise(magnitude, phase, self.degraded.shape[1])
            restored = Signal(wave, magnitude, phase)
        with self.part("turn of the discriminators"):
            loss, _ = self.adversary.discriminator_loss(self.clean, restored)
            discriminator_optimiser.zero_grad()
            loss.backward()
        with self.part("discriminators judge the generator"):
            terms = self.adversary.generator_terms(self.clean, restored)
            (from_adversary,) = torch.autograd.grad(sum(terms.values()), wave, retain_graph=True)
        with self.part("reconstruction losses"):
            loss, _ = self.reconstruction(*self.clean, magnitude, phase, wave)
            of_outputs = torch.autograd.grad(loss, (magnitude, phase, wave), retain_graph=True)
        with self.part("generator, backward"):
            generator_optimiser.zero_grad()
            gradients = (*of_outputs[:2], of_outputs[2] + from_adversary)
            torch.autograd.backward((magnitude, phase, wave), gradients)
        with self.part("optimisers"):
            for optimiser in self.optimisers:
                optimiser.step()
        return loss.item() + sum(terms.values()).item()


@contextlib.contextmanager
def scan(name: str):
    """Let the network use this scan: "fast" or "textbook"."""
    if name == "fast":
        yield
    else:
        with mock.patch.object(time_mamba, "selective_scan", textbook_scan):
            yield


def peak_gb() -> float:
    """The most memory that this process ever held, in 10^9 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def report_memory(options):
    """In a process of its own: one step, then its peak memory as a line of JSON."""
    step = Step(options.seconds, options.items)
    before = peak_gb()
    with scan(options.memory_of):
        step()
    print(json.dumps({"before": before, "peak": peak_gb()}))


def memory_of(name: str, options) -> dict[str, float]:
    """Run `report_memory` of a variant."""
    command = [sys.executable, "-m", "tests.bench.bench_training_step", "--memory_of", name]
    for option in ("threads", "seconds", "items"):
        command += [f"--{option}", str(getattr(options, option))]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def main():
    """Time and memory of both variants, and where the fast one spends its time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.5, help="length of the segments")
    parser.add_argument("--items", type=int, default=1, help="batch size")
    parser.add_argument("--memory_of", choices=("fast", "textbook"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of:
        return report_memory(options)

    steps = {name: Step(options.seconds, options.items) for name in ("textbook", "fast")}

    def run(name):
        with scan(name):
            return steps[name]()

    first = [torch.tensor(run(name)) for name in steps]
    torch.testing.assert_close(*first, rtol=1e-3, atol=0)
    for step in steps.values():
        step.parts.clear()
    medians = compare({f"{name} scan": lambda name=name: run(name) for name in steps}, options.rounds)
    title = f"training step, {options.items} x {options.seconds} s of audio, {options.threads} threads"
    print_rows(title, medians, unit="s per step")
    print("  of it, with the fast scan:")
    for name, durations in steps["fast"].parts.items():
        print(f"    {name:<36}{min(durations):7.3f} s")
    print("peak memory of one step, each in its own process")
    for name in steps:
        memory = memory_of(name, options)
        of_step = memory["peak"] - memory["before"]
        print(f"  {name + ' scan':<34}{memory['peak']:9.2f} GB ({of_step:.2f} GB more than before the step)")


if __name__ == "__main__":
    main()
