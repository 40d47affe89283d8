"""Stage 8: make the submission to the challenge."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--data_dir", required=True, help="data folders of stage 3")
    parser.add_argument("--experiment", required=True, help="enhanced speech; gets the submission")
    parser.add_argument("--readme", required=True, help="the filled README.yaml")
    parser.add_argument("--set", help="test set (default: the one that is not the corpus's own)")
    parser.add_argument("--nj", type=int, default=1, help="processes")
    parser.add_argument("--force", action="store_true", help="make it again")


def run(arguments):
    from espnet_plugin.recipe.submission import package_experiment

    return package_experiment(
        arguments.data_dir,
        arguments.experiment,
        arguments.readme,
        arguments.set,
        arguments.nj,
        arguments.force,
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 8", sys.modules[__name__]))
