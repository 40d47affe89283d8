"""Stage 4: shape files and a summary of the data."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--data_dir", required=True, help="data folders of stage 3")
    parser.add_argument("--simulated_dir", required=True, help="simulated sets of stage 2")
    parser.add_argument("--statistics_dir", required=True, help="gets the shape files and the summary")
    parser.add_argument("--force", action="store_true", help="make it again")


def run(arguments):
    from espnet_plugin.recipe.data_statistics import make_statistics

    make_statistics(arguments.data_dir, arguments.simulated_dir, arguments.statistics_dir, arguments.force)


if __name__ == "__main__":
    sys.exit(run_script("stage 4", sys.modules[__name__]))
