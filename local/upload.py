"""Stage 10: upload the packed model to the Hugging Face hub."""

import sys
from pathlib import Path

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--experiment", required=True, type=Path, help="packed model of stage 9")
    parser.add_argument("--repo", required=True, help="repository of the hub: ORGANISATION/NAME")
    parser.add_argument("--private", action="store_true", help="a new repository is for you alone")
    parser.add_argument(
        "--permission", default="", help="by which weights without a licence may be published"
    )
    parser.add_argument(
        "--force", action="store_true", help="changes nothing here: see urgent26 upload --overwrite"
    )


def run(arguments):
    from espnet_plugin.recipe.publishing import upload_stage

    upload_stage(
        arguments.experiment, arguments.repo, private=arguments.private, permission=arguments.permission
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 10", sys.modules[__name__]))
