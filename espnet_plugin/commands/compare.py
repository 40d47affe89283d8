"""``urgent26 compare``: which model for my recordings and my machine."""

from pathlib import Path

EXAMPLES = """
examples:
  urgent26 compare --checkpoint exp/gap_urgenet --checkpoint exp/gap_student \\
                   --noisy noisy/ --clean clean/ -o compared/
  urgent26 compare --checkpoint semambapp.pth --checkpoint five_files/ --names small,large \\
                   --noisy recordings/ -o compared/
  urgent26 compare --checkpoint a.zip --checkpoint b.zip --noisy noisy.scp --clean clean.scp \\
                   -o compared/ --metrics all
  urgent26 compare --checkpoint a.zip --noisy noisy/ --clean clean/ -o compared/ --seconds 0   scores alone

Each model enhances the recordings and is scored by the metrics of `urgent26 score`; then the same noise shows
what it costs on this machine, in a process of its own as with `urgent26 bench`. The table has a row for the
recordings as they are and one for each model, and the others' differences to the first model with their 95 %
confidence intervals: take a handful of recordings of your own for a first look, a hundred to decide. Without
--clean only metrics are computed that need no reference.

The output folder gets COMPARISON.md, comparison.json, comparison.png (quality against cost) and for each
model its enhanced recordings and scores; `urgent26 report` makes a page to listen out of them. The same command
continues after an interruption, and takes further models. Exit code: 0 all is well, 1 some files failed or a
model could not be measured, 2 no comparison was written.
"""


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--checkpoint",
        action="append",
        required=True,
        metavar="CKPT",
        help="file, experiment folder, pack or hub tag; once for each model, the others are compared with "
        "the first",
    )
    parser.add_argument(
        "--names", metavar="A,B", help="of the models in tables (default: those of the checkpoints)"
    )
    parser.add_argument(
        "--noisy", type=Path, required=True, metavar="N", help="recordings: a folder or a list (id path)"
    )
    parser.add_argument("--clean", type=Path, metavar="C", help="clean references of the same ids, likewise")
    parser.add_argument("-o", "--output_dir", type=Path, required=True, metavar="DIR", help="for the results")
    parser.add_argument(
        "--metrics",
        metavar="A,B",
        help="or: all (default: PESQ,ESTOI,SI_SDR,LSD,DNSMOS, which need no weights)",
    )
    parser.add_argument(
        "--weights_dir",
        type=Path,
        metavar="D",
        help="weights of metrics (default: where urgent26 weights --fetch puts them)",
    )
    parser.add_argument(
        "--score_device", default="cpu", metavar="D", help="of the metrics' networks (default: %(default)s)"
    )
    parser.add_argument(
        "--nj", type=int, metavar="N", help="processes that score (default: one per CPU core)"
    )
    parser.add_argument(
        "--device", default="auto", help="of the models: auto, cpu, cuda, cuda:1, mps (default: %(default)s)"
    )
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16", "float16"), help="default: float32"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        help="length of the noise that costs are measured on; 0: measure none (default: %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="measured runs (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="enhance, score and measure again")


def run(arguments) -> int:
    """Compare; 1 if some recordings failed."""
    from espnet_plugin.commands.score import names as split_names
    from espnet_plugin.commands.score import setup
    from espnet_plugin.comparison.run import compare
    from espnet_plugin.errors import UserError
    from espnet_plugin.machine import usable_cores
    from espnet_plugin.scoring.registry import METRICS
    from espnet_plugin.scoring.run import read_files

    for name in ("nj", "rounds"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise UserError(f"--{name} must be at least 1, not {value}")
    if not 0 <= arguments.seconds < 3600:
        raise UserError(f"--seconds is 0, or a length below 3600, not {arguments.seconds:g}")
    noisy = read_files(arguments.noisy)
    clean = None if arguments.clean is None else read_files(arguments.clean)
    metrics = arguments.metrics and split_names(arguments.metrics)
    complete = compare(
        _systems(arguments),
        noisy,
        clean,
        arguments.output_dir,
        METRICS if metrics == ["all"] else metrics,
        arguments.nj or usable_cores(),
        arguments.seconds,
        arguments.rounds,
        arguments.force,
        setup(arguments.weights_dir, arguments.score_device),
    )
    return 0 if complete else 1


def _systems(arguments) -> list:
    """The models with their names."""
    import argparse
    import re

    from espnet_plugin.commands.model_choice import choose_model
    from espnet_plugin.comparison.run import NOISY
    from espnet_plugin.comparison.system import System
    from espnet_plugin.enhance.device import choose_device
    from espnet_plugin.errors import UserError

    if arguments.names is None:
        names = [Path(checkpoint).resolve().stem for checkpoint in arguments.checkpoint]
    else:
        names = arguments.names.split(",")
    if len(names) != len(arguments.checkpoint):
        raise UserError(f"--names has {len(names)} names for {len(arguments.checkpoint)} checkpoints")
    for name in names:
        if not re.fullmatch(r"[\w][\w .+-]*", name) or name == NOISY or names.count(name) > 1:
            raise UserError(
                f"'{name}' cannot be the name of one model: give --names, one for each, all different and "
                f"fit for folders, none of them '{NOISY}'"
            )
    choose_device(arguments.device)  # says it now if there is no such device
    chosen = {"model": None, "device": arguments.device, "dtype": arguments.dtype}
    return [
        System(name, choose_model(argparse.Namespace(checkpoint=checkpoint, **chosen)))
        for name, checkpoint in zip(names, arguments.checkpoint)
    ]
