"""One training step of GAP-URGENet's parts as released: python -m tests.bench.bench_part_step --part all

Builds the training of conf/train/gap_PART.yaml with frozen networks that have learned nothing, and learns
from noise. Prints parameters, time per step (the first one apart), the most memory that was held, and with
--count the arithmetic of a step. Each part runs in a process of its own. On a GPU:

    python -m tests.bench.bench_part_step --device cuda --seconds 4 --batch 4 --steps 20
"""

import argparse
import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIGS = Path(__file__).resolve().parents[2] / "conf" / "train"
PARTS = ("encoder", "vocoder", "adapter", "predictor", "postnet", "joint")


class Training:
    """A part with its losses, discriminators and optimisers, as the recipe builds them.

    Args:
        part: such as ``encoder``.
        device: cpu or cuda.
        bfloat16: of the networks.
    """

    def __init__(self, part: str, device: str, bfloat16: bool):
        import torch
        import yaml

        from espnet_plugin.config import load_config
        from espnet_plugin.espnet_modules.task_choice import choose_task
        from espnet_plugin.training.parts import PARTS as TRAININGS
        from espnet_plugin.training.training_step import TrainingStep

        frozen = dict.fromkeys(TRAININGS[part].FROZEN, "random")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "config.yaml"
            path.write_text(yaml.safe_dump({"base": str(CONFIGS / f"gap_{part}.yaml"), "frozen": frozen}))
            task = choose_task(load_config(path))
            self.options = task.parse(["--config", str(path)])
        torch.manual_seed(0)
        self.model = task.build_model(self.options).to(device)
        self.rate_hz, self.needs_pairs = self.options.sample_rate, not TRAININGS[part].CLEAN_ONLY
        optimisers = task.build_optimizers(self.options, model=self.model)
        players = task.trainer.players(optimisers, [None] * len(optimisers), self.options)
        self.step = TrainingStep(self.model, *players, bfloat16=bfloat16)

    def batch(self, items: int, seconds: float, device: str):
        """Noise as the data loader would give it."""
        import torch

        waves = 0.1 * torch.randn(2, items, round(self.rate_hz * seconds), device=device)
        given = {"speech_ref1": waves[0]} | ({"speech_mix": waves[1]} if self.needs_pairs else {})
        return [([str(item) for item in range(items)], given)]

    def parameters(self) -> str:
        """How many learn, judge and stay."""
        part, adversary = self.model.part, self.model.adversary
        frozen = sum(_count(network) for network in part.frozen.values())
        return f"{_count(part):.1f} M learn, {_count(adversary):.1f} M judge, {frozen:.1f} M are frozen"


def _count(module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6 if module is not None else 0.0


@contextlib.contextmanager
def _counting(wanted: bool):
    """Counts operations of matrix products, convolutions and LSTMs on the CPU, if wanted."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def lstm(inputs, of_inputs, of_states, *others, out_val=None, **options):
        steps, items = inputs[:2]  # of a layer in one direction
        return 2 * steps * items * (of_inputs[0] * of_inputs[1] + of_states[0] * of_states[1])

    def lstm_backward(*arguments, **options):
        return 2 * lstm(*arguments)

    aten = torch.ops.aten
    formulas = {aten.mkldnn_rnn_layer: lstm, aten.mkldnn_rnn_layer_backward: lstm_backward}
    counter = FlopCounterMode(display=False, custom_mapping=formulas)
    with counter if wanted else contextlib.nullcontext():
        yield counter


def run(part: str, options: argparse.Namespace) -> None:
    """Print what the steps of one part take."""
    import torch

    on_gpu = options.device.startswith("cuda")
    training = Training(part, options.device, options.bfloat16)
    held = _memory_gib(on_gpu)
    batch = training.batch(options.batch, options.seconds, options.device)
    # Of the CPU, the time that this process had counts: others may share the machine.
    clock, unit = (time.perf_counter, "s") if on_gpu else (time.process_time, "CPU s")
    times_s, operations = [], 0.0
    for step in range(1 + options.steps):
        began_s = clock()
        with _counting(options.count and step == 0) as counter:
            result = training.step(batch)
        if on_gpu:
            torch.cuda.synchronize()
        times_s.append(clock() - began_s)
        operations = operations or counter.get_total_flops() / options.batch / options.seconds
        assert not result.invalid, result.reason
    print(f"{part}: {training.parameters()}; loss {result.values['loss']:.4g}", flush=True)
    print(f"  memory {held:.1f} GiB before the first step, {_memory_gib(on_gpu):.1f} GiB at most")
    later = sorted(times_s[1:])
    if later:
        middle = later[len(later) // 2]
        print(f"  {middle:.3g} {unit} per step, {options.batch / middle:.3g} segments per {unit}", end="")
    print(f"  (first step {times_s[0]:.3g} {unit})", flush=True)
    if options.count:
        print(f"  {operations / 1e9:.0f} GFLOP per second of audio", flush=True)


def _memory_gib(on_gpu: bool) -> float:
    import torch

    if on_gpu:
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main():
    """One part in this process, or all of them in one each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", choices=("all", *PARTS), default="all")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of the segments")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1, help="after the first")
    parser.add_argument("--bfloat16", action="store_true", help="as use_amp: true")
    parser.add_argument("--count", action="store_true", help="arithmetic of a step; on the CPU")
    options = parser.parse_args()
    if options.count and options.device != "cpu":
        parser.error("--count needs --device cpu")
    if options.part != "all":
        return run(options.part, options)
    print(f"batches of {options.batch} segments of {options.seconds:g} s on {options.device}", flush=True)
    for part in PARTS:
        own = sys.argv[1:] + ["--part", part]
        subprocess.run([sys.executable, "-m", "tests.bench.bench_part_step", *own], check=True)


if __name__ == "__main__":
    main()
