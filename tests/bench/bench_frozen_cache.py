"""A step around frozen networks, whose outputs are computed or read: python -m tests.bench.bench_frozen_cache

Forth, back and update of one part, in CPU seconds and without discriminators, whose time does not change. A
segment that is new to the cache is computed by itself and written. Weights are random.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path

import torch

from espnet_plugin.config import load_config
from espnet_plugin.pretrained.gap_part import CLASSES
from espnet_plugin.training.frozen_cache import FrozenCache, fingerprint
from espnet_plugin.training.parts import PARTS
from tests.bench.timing import compare, print_rows

CONFIGURATIONS = Path(__file__).resolve().parents[2] / "conf" / "train"
SIZES = {"toy": "gap_toy.yaml", "released": "gap_common.yaml"}
PARTS_AROUND_FROZEN = ("encoder", "vocoder", "adapter", "postnet")


def build(name: str, sizes: dict) -> tuple[torch.nn.Module, dict[str, str]]:
    """A part with the fingerprints of its frozen networks."""
    torch.manual_seed(0)
    kinds = {one: "encoder" if one == "teacher" else one for one in PARTS[name].FROZEN}
    frozen = {one: CLASSES[kind](**sizes[kind]) for one, kind in kinds.items()}
    fingerprints = {one: fingerprint(network, sizes[kinds[one]]) for one, network in frozen.items()}
    return PARTS[name](CLASSES[name](**sizes[name]), frozen=frozen).train(), fingerprints


def measure(name: str, options: argparse.Namespace, folder: Path) -> None:
    """Print the CPU seconds of a step with each way of getting what the frozen networks give."""
    part, fingerprints = build(name, load_config(CONFIGURATIONS / SIZES[options.size])["network_conf"])
    optimizer = torch.optim.AdamW(part.parameters(), 1e-5)
    cache = FrozenCache(folder, 2**34, fingerprints, keeps_training=True)
    numbers = itertools.count()

    def step(cache: FrozenCache | None, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        shape = (2, options.items, round(options.seconds * part.rate_hz))
        part.cache = cache
        loss, _ = part.loss(*part.compare(*(0.1 * torch.randn(shape, generator=generator))))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step(cache, -1)
    one_segment = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / options.items
    variants = {
        "computed, no cache": lambda: step(None, next(numbers)),
        "computed and kept": lambda: step(cache, next(numbers)),
        "read": lambda: step(cache, -1),
    }
    medians = compare(variants, options.rounds, time.process_time)
    title = f"{name}, {options.size} size, {options.items} x {options.seconds:g} s"
    print_rows(f"{title}, {one_segment / 1e6:.2f} MB kept per segment", medians, unit="CPU s per step")


def main():
    """Print one table per part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS_AROUND_FROZEN, default=PARTS_AROUND_FROZEN)
    parser.add_argument("--size", choices=SIZES, default="toy")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of the segments")
    parser.add_argument("--items", type=int, default=2, help="batch size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, options, Path(folder))


if __name__ == "__main__":
    main()
