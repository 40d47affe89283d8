"""Stage 6: enhance the test sets."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--config", required=True, help="enhancement")
    parser.add_argument("--data_dir", required=True, help="data folders of stage 3")
    parser.add_argument("--experiment", required=True, help="model of stage 5; gets the speech")
    parser.add_argument("--checkpoint", help="enhance with this model instead")
    parser.add_argument("--force", action="store_true", help="enhance again")


def run(arguments):
    from espnet_plugin.recipe.enhancement import enhance_sets

    enhance_sets(
        arguments.config, arguments.data_dir, arguments.experiment, arguments.force, arguments.checkpoint
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 6", sys.modules[__name__]))
