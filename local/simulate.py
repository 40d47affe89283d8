"""Stage 2: simulate degraded speech from the corpus."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--corpus_dir", required=True, help="corpus of stage 1")
    parser.add_argument("--simulated_dir", required=True, help="gets one folder per split")
    parser.add_argument("--config", required=True, help="degradations")
    parser.add_argument("--seed", type=int, default=0, help="of the random draws")
    parser.add_argument("--nj", type=int, default=1, help="processes")
    parser.add_argument("--on_the_fly", action="store_true", help="leave the training set to the training")
    parser.add_argument("--force", action="store_true", help="make it again")


def run(arguments):
    from espnet_plugin.recipe.simulated_sets import simulate_sets

    simulate_sets(
        arguments.corpus_dir,
        arguments.simulated_dir,
        arguments.config,
        arguments.seed,
        arguments.nj,
        arguments.force,
        arguments.on_the_fly,
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 2", sys.modules[__name__]))
