"""Stage 3: check the audio and write data folders."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--corpus_dir", required=True, help="corpus of stage 1")
    parser.add_argument("--simulated_dir", required=True, help="simulated sets of stage 2")
    parser.add_argument("--data_dir", required=True, help="gets one data folder per set")
    parser.add_argument("--extra_test", action="append", default=[], help="NAME=NOISY_DIR[,CLEAN_DIR]")
    parser.add_argument("--skip_bad", action="store_true", help="leave out recordings that cannot be used")
    parser.add_argument("--nj", type=int, default=1, help="files read at the same time")
    parser.add_argument("--on_the_fly", action="store_true", help="train: the clean speech of the corpus")
    parser.add_argument("--force", action="store_true", help="make it again")


def run(arguments):
    from espnet_plugin.recipe.data_folder import format_data

    format_data(
        arguments.data_dir,
        arguments.simulated_dir,
        arguments.corpus_dir,
        arguments.extra_test,
        arguments.skip_bad,
        arguments.nj,
        arguments.force,
        arguments.on_the_fly,
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 3", sys.modules[__name__]))
