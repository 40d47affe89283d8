"""Stage 9: pack the model for ESPnet's model zoo."""

import sys
from pathlib import Path

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--experiment", required=True, type=Path, help="trained model; gets the pack")
    parser.add_argument("--checkpoint", help="the model, if it was not trained here")
    parser.add_argument("--force", action="store_true", help="pack again")


def run(arguments):
    from espnet_plugin.recipe.publishing import pack_stage

    pack_stage(arguments.experiment, arguments.checkpoint, arguments.force)


if __name__ == "__main__":
    sys.exit(run_script("stage 9", sys.modules[__name__]))
