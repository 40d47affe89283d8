"""`urgent26 upload`: a model to a repository of the Hugging Face hub."""

from __future__ import annotations

import argparse
from pathlib import Path

EPILOG = """\
examples:
  urgent26 upload exp/semamba_pp_mini --repo my-name/semamba_pp_mini --dry_run
  urgent26 upload exp/semamba_pp_mini --repo my-name/semamba_pp_mini --private
  urgent26 upload gap.zip --repo my-group/gap_urgenet --message "as released"

An experiment is packed first (stage 9), where that is not done. The repository is created or updated in one
commit, and only files that differ are sent; a second call changes nothing. Files there that this tool did not
write are not replaced without --overwrite. After a broken connection the same command sends what is missing.

The hub knows you by `hf auth login` or HF_TOKEN; HF_ENDPOINT names another hub. Weights whose authors give no
licence (a conversion of the official SEMamba++ file, or what was trained further from it) are refused unless
--permission says who gave permission; the card records these words.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "source", type=Path, metavar="PACK_OR_EXP", help="pack (.zip) or folder of an experiment"
    )
    parser.add_argument("--repo", required=True, metavar="ORG/NAME", help="repository of the hub")
    parser.add_argument("--dry_run", action="store_true", help="only list what would be sent")
    parser.add_argument("--private", action="store_true", help="a new repository is for you alone")
    parser.add_argument("--overwrite", action="store_true", help="replace files that this tool did not write")
    parser.add_argument("--message", default="", metavar="WORDS", help="of the commit")
    parser.add_argument(
        "--permission",
        default="",
        metavar="WORDS",
        help="by which weights without a licence may be published",
    )


def run(arguments: argparse.Namespace) -> int:
    """Upload, and say what was sent."""
    from espnet_plugin.recipe.publishing import upload_stage

    upload_stage(
        arguments.source,
        arguments.repo,
        message=arguments.message,
        private=arguments.private,
        overwrite=arguments.overwrite,
        permission=arguments.permission,
        dry_run=arguments.dry_run,
    )
    return 0
