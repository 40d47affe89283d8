"""``urgent26 bench``: how fast the models are on this machine."""

from pathlib import Path


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """
examples:
  urgent26 bench                                               SEMamba++ with random weights, all devices
  urgent26 bench --checkpoint semambapp.pth -o BENCH.md        writes BENCH.json too
  urgent26 bench --device cpu --dtype float32,bfloat16 --threads 2 --seconds 10
  urgent26 bench --models semamba_pp,gap_urgenet               needs 6 GiB of memory

Each row is measured in a process of its own: load time and time to the first second of audio from its start,
then the median of some runs, and the largest memory. On CUDA a column tells what torch.compile with CUDA
graphs makes of it; that column has not been tried on a GPU yet. Other programs disturb wall times; the CPU
seconds tell the work.
"""
    parser.add_argument(
        "--checkpoint", action="append", default=[], metavar="CKPT", help="weights; several times for several"
    )
    parser.add_argument(
        "--models",
        metavar="M,M",
        help="semamba_pp, gap_urgenet: random weights of released size "
        "(default: semamba_pp where there is no checkpoint)",
    )
    parser.add_argument(
        "--device", metavar="D,D", help="cpu, cuda, cuda:1, mps (default: all that are there)"
    )
    parser.add_argument(
        "--dtype", default="float32", metavar="T,T", help="float32, bfloat16, float16 (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="length of the recording (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="measured runs (default: %(default)s)")
    parser.add_argument("--threads", type=int, metavar="N", help="of torch (default: as torch chooses)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="F", help="write the table, *.md, and a .json beside it"
    )
    parser.add_argument("--force", action="store_true", help="replace existing files")


def run(arguments) -> int:
    """Measure all cases; 1 if some failed."""
    import sys

    from espnet_plugin.benchmark.measurement import measure
    from espnet_plugin.benchmark.start_up import start_up
    from espnet_plugin.benchmark.table import describe_machine, markdown, rows, write

    _check(arguments)
    cases = _cases(arguments)
    machine = describe_machine()
    started = start_up("enhance", "--help")
    results = []
    for number, case in enumerate(cases, 1):
        weights = case.checkpoint or "random weights"
        what = f"{case.model} ({weights}), {case.device}, {case.dtype}"
        print(f"bench: {number} of {len(cases)}: {what}", file=sys.stderr, flush=True)
        results.append((case, measure(case)))
        if arguments.output:  # after each case, so that an interruption leaves what is measured
            write(arguments.output, rows(results), machine, started)
    print(markdown(rows(results), machine, started), end="")
    return 1 if any(isinstance(measured, str) for _, measured in results) else 0


def _check(arguments) -> None:
    from espnet_plugin.errors import UserError

    for name in ("seconds", "rounds", "threads"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            raise UserError(f"--{name} must be above 0, not {value:g}")
    target = arguments.output
    if target is None:
        return
    if target.suffix != ".md":
        raise UserError(f"cannot write '{target.suffix}' files here: name the table *.md")
    for path in (target, target.with_suffix(".json")):
        if path.exists() and not arguments.force:
            raise UserError(f"{path} exists; add --force to replace it")


def _cases(arguments) -> list:
    from espnet_plugin.benchmark.measurement import RATES_HZ, Case
    from espnet_plugin.enhance.device import DTYPES, choose_device
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.load import download
    from espnet_plugin.pretrained.recognise import recognise

    weights = []
    for checkpoint in arguments.checkpoint:
        path = Path(checkpoint).expanduser()
        path = path if path.exists() else download(checkpoint)
        weights.append((recognise(path), path))
    names = arguments.models or ("" if weights else "semamba_pp")
    weights += [(name, None) for name in names.split(",") if name]
    for name, path in weights:
        if name not in RATES_HZ:
            raise UserError(f"{path or name} cannot be measured: choose {' or '.join(RATES_HZ)}")
    dtypes = arguments.dtype.split(",")
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise UserError(f"unknown dtype '{dtype}': choose {', '.join(DTYPES)}")
    if arguments.device:
        devices = arguments.device.split(",")
    else:
        devices = list(dict.fromkeys(("cpu", choose_device("auto").type)))
    for device in devices:
        choose_device(device)
    measured = arguments.seconds, arguments.rounds, arguments.threads
    return [
        Case(*pair, device, dtype, *measured) for pair in weights for device in devices for dtype in dtypes
    ]
