"""`urgent26 simulate`: parameters, then audio, then a report; and wind noise to draw from."""

import argparse
import sys
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.machine import usable_cores

STEPS = {
    "draw": "draw the parameters: meta.tsv",
    "render": "render the audio of a meta.tsv",
    "report": "tables, histograms and listening samples of a simulated set",
    "wind": "make wind noise to draw from",
}
EXAMPLES = """\
examples:
  urgent26 simulate draw --config conf/simulate/restoration.yaml --corpus corpus/train --output_dir set
  urgent26 simulate draw --config conf/simulate/urgent26_train.yaml --output_dir set
  urgent26 simulate render --config conf/simulate/urgent26_train.yaml --meta set/meta.tsv --output_dir set
  urgent26 simulate report set
  urgent26 simulate wind --output_dir wind --count 200

--config may be one of our own restoration simulation, or an official one of the challenge (speech_scps, ...).
Over several machines, each of N jobs calls `render ... --nj N --job K`, K from 1 to N; after them, `render`
without --job renders what is missing and says whether all is there.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of all steps."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    steps = parser.add_subparsers(dest="step", required=True, metavar="{" + ",".join(STEPS) + "}")
    for name, help_line in STEPS.items():
        step = steps.add_parser(name, help=help_line, description=help_line, allow_abbrev=False)
        ARGUMENTS[name](step)


def _draw_arguments(draw: argparse.ArgumentParser) -> None:
    draw.add_argument(
        "--config", type=Path, required=True, help="YAML file, such as conf/simulate/restoration.yaml"
    )
    draw.add_argument("--corpus", type=Path, help="folder of one split of a corpus (restoration only)")
    draw.add_argument("--output_dir", type=Path, required=True, help="folder of the simulated set")
    draw.add_argument("--seed", type=int, help="default: the configuration's")
    draw.add_argument(
        "--repetitions", type=int, help="versions of each utterance (default: the configuration's)"
    )
    draw.add_argument(
        "--fixes",
        nargs="*",
        metavar="NAME",
        help="correct the official simulation (challenge only): reverberation_share, wind_level, "
        "wind_clipping; without a name: all",
    )
    draw.add_argument("--force", action="store_true", help="replace a set of other settings, with its audio")


def _render_arguments(render: argparse.ArgumentParser) -> None:
    render.add_argument("--config", type=Path, required=True, help="the YAML file meta.tsv was drawn with")
    render.add_argument("--meta", type=Path, required=True, help="the meta.tsv")
    render.add_argument("--output_dir", type=Path, required=True, help="the table's paths count from here")
    render.add_argument(
        "--nj",
        type=int,
        default=usable_cores(),
        help="processes (default: all cores); with --job: number of jobs",
    )
    render.add_argument("--job", type=int, metavar="K", help="render only the K-th of --nj shares, from 1")
    render.add_argument(
        "--high_pass",
        choices=("true", "false"),
        default="true",
        help="filter rumble off the speech, as the official scripts do (challenge only; default: true)",
    )


def _report_arguments(report: argparse.ArgumentParser) -> None:
    report.add_argument("set_dir", type=Path, metavar="DIR", help="folder of the simulated set")
    report.add_argument("--output_dir", type=Path, help="gets the report (default: DIR/report)")
    report.add_argument(
        "--samples", type=int, default=3, help="listening samples of each distortion (default: 3)"
    )
    report.add_argument("--force", action="store_true", help="replace a former report")


def _wind_arguments(wind: argparse.ArgumentParser) -> None:
    wind.add_argument("--output_dir", type=Path, required=True, help="gets the files and wind_noise.scp")
    wind.add_argument(
        "--rates",
        type=int,
        nargs="+",
        metavar="HZ",
        help="sampling rates (default: the seven of the challenge)",
    )
    wind.add_argument("--count", type=int, default=200, help="files of each rate (default: 200)")
    wind.add_argument("--seconds", type=float, default=15.0, help="length of each (default: 15)")
    wind.add_argument("--seed", type=int, default=0, help="of the random draws")
    wind.add_argument("--force", action="store_true", help="replace files of other settings")


ARGUMENTS = {
    "draw": _draw_arguments,
    "render": _render_arguments,
    "report": _report_arguments,
    "wind": _wind_arguments,
}


def run(arguments: argparse.Namespace) -> int:
    """Run one step; 1 if some files could not be rendered."""
    return {"draw": _draw, "render": _render, "report": _report, "wind": _wind}[arguments.step](arguments)


def _draw(arguments: argparse.Namespace) -> int:
    from espnet_plugin.simulation.challenge.settings import is_challenge

    if is_challenge(arguments.config):
        from espnet_plugin.simulation.challenge.draw import draw
        from espnet_plugin.simulation.challenge.fixes import FIXES

        if arguments.corpus is not None:
            raise UserError(f"{arguments.config} names its lists itself; leave --corpus out")
        wanted = arguments.fixes
        options = {"fixes": () if wanted is None else wanted or FIXES}
    else:
        from espnet_plugin.simulation.draw import draw

        if arguments.corpus is None:
            raise UserError(f"{arguments.config} needs --corpus, the folder of one split of a corpus")
        if arguments.fixes is not None:
            raise UserError("--fixes corrects the official simulation; this configuration is not one of it")
        options = {"corpus_dir": arguments.corpus}
    drawn = draw(
        arguments.config,
        output_dir=arguments.output_dir,
        seed=arguments.seed,
        repetitions=arguments.repetitions,
        force=arguments.force,
        **options,
    )
    done = " (already done)" if drawn.already_there else ""
    print(f"{arguments.output_dir}: {drawn.files} files drawn{done}")
    return 0


def _render(arguments: argparse.Namespace) -> int:
    from espnet_plugin.simulation.challenge.settings import is_challenge
    from espnet_plugin.simulation.rendering import failed_file

    high_pass = arguments.high_pass == "true"
    part = None if arguments.job is None else (arguments.job, arguments.nj)
    common = (
        *(arguments.config, arguments.meta, arguments.output_dir),
        *(arguments.nj if part is None else 1, part),
    )
    if is_challenge(arguments.config):
        from espnet_plugin.simulation.challenge.render import render

        rendered = render(*common, high_pass)
    else:
        from espnet_plugin.simulation.render import render

        if not high_pass:
            raise UserError("--high_pass belongs to the challenge's simulation; leave it out")
        rendered = render(*common)
    print(f"{arguments.output_dir}: {rendered.made} files rendered, {rendered.already_there} were there")
    if not rendered.failed:
        return 0
    print(
        f"urgent26 simulate: {rendered.failed} files failed, see {arguments.output_dir / failed_file(part)}; "
        "mend or remove their sources and run again",
        file=sys.stderr,
    )
    return 1


def _report(arguments: argparse.Namespace) -> int:
    from espnet_plugin.simulation.report.report import write_report

    output_dir = arguments.output_dir or arguments.set_dir / "report"
    report = write_report(arguments.set_dir, output_dir, arguments.samples, arguments.force)
    print(
        f"{output_dir}: {report.files} files, {report.hours:.2f} h, "
        f"{report.samples} listening samples" + ("" if report.samples else " (the audio is not rendered yet)")
    )
    return 0


def _wind(arguments: argparse.Namespace) -> int:
    from espnet_plugin.simulation.challenge.steps import RATES_HZ
    from espnet_plugin.simulation.challenge.wind_noise import generate

    made = generate(
        arguments.output_dir,
        arguments.rates or RATES_HZ,
        arguments.count,
        arguments.seconds,
        arguments.seed,
        arguments.force,
    )
    print(f"{arguments.output_dir}: {made} files made")
    return 0
