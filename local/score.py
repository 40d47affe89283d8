"""Stage 7: score noisy and enhanced speech."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--data_dir", required=True, help="data folders of stage 3")
    parser.add_argument("--experiment", required=True, help="enhanced speech; gets the scores")
    parser.add_argument("--nj", type=int, default=1, help="processes")
    parser.add_argument("--reproduce", default="", help="command to quote in RESULTS.md")
    parser.add_argument("--force", action="store_true", help="score again")


def run(arguments):
    from espnet_plugin.recipe.scoring import score_experiment

    score_experiment(
        arguments.data_dir,
        arguments.experiment,
        arguments.nj,
        arguments.reproduce,
        arguments.force,
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 7", sys.modules[__name__]))
