"""Stage 2: simulate degraded speech from the corpus."""

import sys
from pathlib import Path

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--corpus_dir", required=True, help="corpus of stage 1")
    parser.add_argument("--simulated_dir", required=True, help="gets one folder per split")
    parser.add_argument("--config", required=True, help="degradations, ours or the challenge's")
    parser.add_argument("--data_dir", type=Path, default=Path("data"), help="has the challenge's lists")
    parser.add_argument("--fixes", nargs="*", default=[], help="of the challenge's simulation")
    parser.add_argument("--seed", type=int, default=0, help="of the random draws")
    parser.add_argument("--nj", type=int, default=1, help="processes; with --job: number of jobs")
    parser.add_argument("--only", choices=("draw", "render"), help="this step alone")
    parser.add_argument("--job", type=int, help="with --only render: this one of --nj shares, from 1")
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
        arguments.data_dir,
        arguments.fixes,
        arguments.only,
        None if arguments.job is None else (arguments.job, arguments.nj),
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 2", sys.modules[__name__]))
