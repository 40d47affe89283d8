"""`urgent26 simulate draw` and `urgent26 simulate render`: parameters, then audio."""

import argparse
import os
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of both steps."""
    steps = parser.add_subparsers(dest="step", required=True, metavar="{draw,render}")

    draw = steps.add_parser("draw", help="draw the parameters: meta.tsv", allow_abbrev=False)
    draw.add_argument(
        "--config", type=Path, required=True, help="YAML file, such as conf/simulate/restoration.yaml"
    )
    draw.add_argument("--corpus", type=Path, required=True, help="folder of one split of a corpus")
    draw.add_argument("--output_dir", type=Path, required=True, help="folder of the simulated set")
    draw.add_argument("--seed", type=int, help="default: the configuration's")
    draw.add_argument(
        "--repetitions", type=int, help="versions of each utterance (default: the configuration's)"
    )
    draw.add_argument("--force", action="store_true", help="replace a set of other settings, with its audio")

    render = steps.add_parser("render", help="render the audio of a meta.tsv", allow_abbrev=False)
    render.add_argument("--config", type=Path, required=True, help="the YAML file meta.tsv was drawn with")
    render.add_argument("--meta", type=Path, required=True, help="the meta.tsv")
    render.add_argument("--output_dir", type=Path, required=True, help="gets the folders noisy/ and clean/")
    render.add_argument("--nj", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")


def run(arguments: argparse.Namespace) -> int:
    """Run one step; 1 if some files could not be rendered."""
    return _draw(arguments) if arguments.step == "draw" else _render(arguments)


def _draw(arguments: argparse.Namespace) -> int:
    from espnet_plugin.simulation.draw import draw

    drawn = draw(
        arguments.config,
        arguments.corpus,
        arguments.output_dir,
        arguments.seed,
        arguments.repetitions,
        arguments.force,
    )
    done = " (already done)" if drawn.already_there else ""
    print(f"{arguments.output_dir}: {drawn.files} files drawn{done}")
    return 0


def _render(arguments: argparse.Namespace) -> int:
    from espnet_plugin.simulation.render import FAILED_FILE, render

    rendered = render(arguments.config, arguments.meta, arguments.output_dir, arguments.nj)
    print(f"{arguments.output_dir}: {rendered.made} files rendered, {rendered.already_there} were there")
    if not rendered.failed:
        return 0
    print(
        f"urgent26 simulate: {rendered.failed} files failed, see {arguments.output_dir / FAILED_FILE}; "
        "mend or remove their sources and run again",
        file=sys.stderr,
    )
    return 1
