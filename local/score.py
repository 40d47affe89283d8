"""Stage 7: score noisy and enhanced speech."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--data_dir", required=True, help="data folders of stage 3")
    parser.add_argument("--experiment", required=True, help="enhanced speech; gets the scores")
    parser.add_argument("--nj", type=int, default=1, help="processes")
    parser.add_argument("--metrics", default="", help="A,B (default: PESQ, ESTOI, SI-SDR, LSD, DNSMOS); or: all")
    parser.add_argument("--weights_dir", default="", help="weights of metrics (default: the user's cache)")
    parser.add_argument("--device", default="cpu", help="of networks")
    parser.add_argument("--reproduce", default="", help="command to quote in RESULTS.md")
    parser.add_argument("--force", action="store_true", help="score again")


def run(arguments):
    from pathlib import Path

    from espnet_plugin.commands.score import names, setup
    from espnet_plugin.recipe.scoring import score_experiment
    from espnet_plugin.scoring.registry import METRICS

    score_experiment(
        arguments.data_dir,
        arguments.experiment,
        arguments.nj,
        arguments.reproduce,
        arguments.force,
        list(METRICS) if arguments.metrics == "all" else names(arguments.metrics) or None,
        setup(Path(arguments.weights_dir) if arguments.weights_dir else None, arguments.device),
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 7", sys.modules[__name__]))
