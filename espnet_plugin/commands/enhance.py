"""``urgent26 enhance``: clean files, folders or lists of recordings."""

from pathlib import Path

from espnet_plugin.commands.model_choice import add_model_arguments, choose_model

EXAMPLES = """
examples:
  urgent26 enhance noisy.wav -o clean.wav --checkpoint semambapp.pth
  urgent26 enhance recordings/ -o clean/ --model exp/semamba_pp_mini --jobs 2
  urgent26 enhance 'talks/**/*.mp4' -o clean/ --model model.zip --format flac --report clean.tsv
  urgent26 enhance wav.scp -o clean/ --model someone/model --device cuda --dtype bfloat16 --batch 8
  urgent26 enhance talk.mp3 -o clean/ --model gap_urgenet --checkpoint five_files/ --branch predictive
  find . -name '*.wav' | urgent26 enhance --list - -o clean/ --model model.zip
  curl https://host/noisy.wav | urgent26 enhance - -o - --model model.zip > clean.wav

Rate, length, channels, bit depth and folders stay as they are. What is finished is skipped, so the same
command continues after an interruption; one with --force continues without it, and begins anew with it.
Exit code: 0 all is well, otherwise how many files failed (100: or more). A mistake in the command is 2 as
well, before anything is done.
"""

#: Stands for the standard output.
PIPE = "-"
#: Above are the exit codes of shells and signals.
HIGHEST_EXIT_CODE = 100


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        *("inputs",),
        nargs="*",
        metavar="IN",
        help="audio or video file, folder, .scp list, 'pattern', - for a WAV pipe",
    )
    parser.add_argument(
        *("-o", "--output", "--output_dir"),
        dest="output",
        required=True,
        metavar="OUT",
        help="folder for the results; of one input also a file, or - for a WAV pipe",
    )
    parser.add_argument(
        *("--list",),
        action="append",
        default=[],
        metavar="FILE",
        help="file with a path or 'id path' a line; - for the standard input",
    )
    add_model_arguments(parser)
    result = parser.add_argument_group("result")
    result.add_argument(
        "--level",
        choices=("keep", "match", "peak"),
        help="as the network gives it (default of semamba_pp, which keeps to the input's), the input's "
        "power, or its peak (default of gap_urgenet, as the official tool)",
    )
    result.add_argument(
        "--mix", type=float, metavar="PART", help="part of the enhanced sound, 0 to 1 (default: 1)"
    )
    result.add_argument(
        "--highband",
        choices=("drop", "keep"),
        help="semamba_pp hears up to 8 kHz; drop what is above, or keep it as recorded, noise included "
        "(default: drop)",
    )
    result.add_argument(
        *("--channels",),
        default="each",
        help="each, mix (their mean, one channel), or numbers such as 1,2 (default: each)",
    )
    result.add_argument(
        "--format", choices=("wav", "flac", "ogg", "mp3", "aiff"), help="default: as the input; of video wav"
    )
    result.add_argument(
        "--subtype",
        choices=("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
        help="format of the samples (default: as the input)",
    )
    result.add_argument("--output_rate", type=int, metavar="HZ", help="rate (default: as the input)")
    result.add_argument(
        "--report", type=Path, metavar="FILE", help="write a .json or .tsv with a row for each file"
    )
    result.add_argument(
        "--force",
        action="store_true",
        help="enhance again what is there already; each file stays until the new one is whole",
    )
    work = parser.add_argument_group("speed and memory")
    work.add_argument(
        *("--jobs",),
        type=int,
        default=1,
        metavar="N",
        help="files at a time, each in a process with its share of the cores (default: 1)",
    )
    work.add_argument(
        *("--batch",),
        type=int,
        metavar="N",
        help="windows and channels of a file at a time; for GPUs (default: 1)",
    )
    work.add_argument(
        *("--window_s", "--window"),
        dest="window_s",
        type=float,
        help="longest piece processed at once, but for the last; less takes less memory (default: 15; "
        "gap_urgenet: 8)",
    )
    work.add_argument(
        "--overlap_s", type=float, help="overlap of the pieces (default: 1; gap_urgenet's authors take 4)"
    )
    work.add_argument("--crossfade_s", type=float, help="length of the seams between pieces (default: 0.5)")


def run(arguments) -> int:
    """Enhance; returns how many recordings failed, as far as an exit code can tell."""
    import contextlib
    import signal
    import sys

    def end(*_signal):
        sys.exit(128 + signal.SIGTERM)

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ValueError):  # only the main thread may
            before = signal.signal(signal.SIGTERM, end)  # what is begun is removed then
            stack.callback(signal.signal, signal.SIGTERM, before)
        return _run(arguments, stack)


def _run(arguments, stack) -> int:
    import sys

    from espnet_plugin.audio.write import FORMATS
    from espnet_plugin.enhance.inputs import STDIN, Recording, find_recordings, standard_input
    from espnet_plugin.enhance.report import check_report_name, write_report
    from espnet_plugin.errors import UserError

    names = list(arguments.inputs)
    if not names and not arguments.list:
        raise UserError("nothing to enhance: name files, folders, lists or patterns, or give a --list")
    output = Path(arguments.output)
    to_file = arguments.output == PIPE or (output.suffix.lower() in FORMATS and not output.is_dir())
    recordings = []
    if STDIN in names:
        recordings.append(Recording("stdin", stack.enter_context(standard_input())))
        names.remove(STDIN)
    recordings += find_recordings(names, arguments.list, None if to_file else output)
    if not recordings:
        raise UserError(f"all recordings lie in the output folder {output}; choose another one")
    if to_file and len(recordings) > 1:
        raise UserError(f"{len(recordings)} recordings do not fit into one file; name a folder with -o")
    if arguments.report:
        check_report_name(arguments.report)
    for name in ("jobs", "output_rate"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise UserError(f"--{name} is a number above 0, not {value}")
    model = choose_model(arguments)
    if to_file:
        summary = _one_file(arguments, recordings[0], model, stack)
    else:
        summary = _folder(arguments, recordings, model)
    if arguments.report:
        write_report(arguments.report, summary)
    failed = summary.of("failed")
    if failed and len(recordings) == 1:  # no list of one
        _say(f"urgent26 enhance: {_with_source(failed[0])}", sys.stderr)
        return 1
    shown = sys.stderr if arguments.output == PIPE else sys.stdout
    for outcome in failed:
        _say(f"FAILED {outcome.identifier}: {_with_source(outcome)}", shown)
    _say(summary.line(), shown)
    return min(len(failed), HIGHEST_EXIT_CODE)


def _folder(arguments, recordings, model):
    """Enhance into a folder."""
    from espnet_plugin.enhance.files import enhance_files
    from espnet_plugin.enhance.plan import plan_jobs
    from espnet_plugin.enhance.record import content_digest
    from espnet_plugin.enhance.runner import InThisProcess
    from espnet_plugin.enhance.workers import Workers

    output = Path(arguments.output)
    jobs, refused = plan_jobs(recordings, output, **_wanted(arguments))
    processes = min(arguments.jobs, len(jobs))
    runner = Workers(processes, model) if processes > 1 else InThisProcess(model.load)
    weights = content_digest(model.checkpoint)
    settings = {"model": model.name, "weights": weights, "dtype": model.dtype, **model.options}
    for name in ("format", "subtype", "channels", "output_rate"):
        settings[name] = getattr(arguments, name)
    summary = enhance_files(runner, jobs, output, settings, arguments.force)
    summary.outcomes += refused
    return summary


def _one_file(arguments, recording, model, stack):
    """Enhance into one file, or to the standard output."""
    import shutil
    import sys
    import tempfile

    from espnet_plugin.enhance.files import Summary, run_jobs
    from espnet_plugin.enhance.job import Job
    from espnet_plugin.enhance.runner import InThisProcess
    from espnet_plugin.errors import UserError

    target = Path(arguments.output)
    if arguments.output == PIPE:
        target = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "stdout.wav"
    elif arguments.format:
        raise UserError(f"--format is for folders; the name {target} tells the format")
    elif target.resolve() == recording.path.resolve():
        raise UserError(f"{target} would overwrite its own input; choose another name")
    elif target.exists() and not arguments.force:
        raise UserError(f"{target} exists; add --force to replace it")
    wanted = _wanted(arguments)
    wanted.pop("suffix")
    job = Job(recording.identifier, recording.path, target, **wanted)
    summary = Summary()
    run_jobs(InThisProcess(model.load), [job], summary)
    if arguments.output == PIPE and not summary.of("failed"):
        with target.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    return summary


def _wanted(arguments) -> dict:
    """What is wanted of every result."""
    from espnet_plugin.errors import UserError

    channels = arguments.channels
    if channels not in ("each", "mix"):
        try:
            channels = tuple(int(number) for number in channels.split(","))
        except ValueError:
            raise UserError(f"--channels is each, mix or numbers such as 1,2, not '{channels}'") from None
    suffix = f".{arguments.format}" if arguments.format else None
    return {
        "suffix": suffix,
        "subtype": arguments.subtype,
        "channels": channels,
        "rate_hz": arguments.output_rate,
    }


def _with_source(outcome) -> str:
    """Why a file failed, with its name."""
    source = str(outcome.source)
    return outcome.reason if source in outcome.reason else f"{source}: {outcome.reason}"


def _say(text: str, stream) -> None:
    """One line, whatever is in the names of files."""
    line = " ".join(text.split())
    print(line.encode("utf-8", "backslashreplace").decode(), file=stream, flush=True)
