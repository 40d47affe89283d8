"""`urgent26 card`: the model card of an experiment."""

from __future__ import annotations

import argparse
from pathlib import Path

EPILOG = """\
examples:
  urgent26 card exp/semamba_pp_mini                          # writes exp/semamba_pp_mini/README.md
  urgent26 card exp/semamba_pp_mini --license cc-by-4.0
  urgent26 card exp/gap_urgenet --checkpoint five_files/ --output card.md

The card tells what the model is, how to use it, its scores (stage 7) with confidence intervals, the
training and its data, risks and limits, licence and origin, papers and configuration. What the experiment
does not tell is left out or called unknown. Edit it as you like: packing (stage 9) and `urgent26 upload` take
the README.md of the experiment, or make one like this.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("experiment", type=Path, metavar="EXP", help="folder of the experiment")
    parser.add_argument("--checkpoint", metavar="C", help="the model, if it was not trained in EXP")
    parser.add_argument(
        "--license", metavar="ID", help="licence of the weights as the hub calls it, such as cc-by-4.0"
    )
    parser.add_argument("--output", type=Path, metavar="F", help="the card to write (default: EXP/README.md)")
    parser.add_argument("--force", action="store_true", help="replace what is there")


def run(arguments: argparse.Namespace) -> int:
    """Write the card."""
    from espnet_plugin.atomic_write import write_text
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.card import FILE, model_card
    from espnet_plugin.recipe.publishing import model_of

    output = arguments.output or arguments.experiment / FILE
    if output.exists() and not arguments.force:
        raise UserError(f"{output} exists; add --force to replace it, or choose another --output")
    model = model_of(arguments.experiment, arguments.checkpoint)
    write_text(output, model_card(model, arguments.experiment.resolve().name, arguments.license))
    print(f"written: {output}")
    return 0
