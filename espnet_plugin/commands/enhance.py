"""``urgent26 enhance``: clean a file, a folder or a list of recordings."""

from pathlib import Path

EXAMPLES = """
examples:
  urgent26 enhance noisy.wav -o clean/ --checkpoint semambapp.pth
  urgent26 enhance recordings/ -o clean/ --checkpoint exp/semamba_pp_mini
  urgent26 enhance wav.scp -o clean/ --checkpoint model.zip --device cuda --dtype bfloat16
  urgent26 enhance talk.mp3 -o clean/ --model gap_urgenet --checkpoint five_files/ --branch predictive

Rate, length, number of channels and folders stay as they are. What is finished is skipped, so the same
command continues after an interruption.
"""

#: Options that not every model has -> the models that have them.
OPTIONS = {
    "wiring": ("semamba_pp",),
    "window_s": ("semamba_pp", "gap_urgenet", "espnet"),
    "overlap_s": ("semamba_pp", "gap_urgenet", "espnet"),
    **dict.fromkeys(("crossfade_s", "branch", "level", "packet_loss", "output_rate"), ("gap_urgenet",)),
}


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "inputs", nargs="+", metavar="IN", help="audio file, folder, or .scp list of 'id path'"
    )
    parser.add_argument("-o", "--output_dir", required=True, metavar="OUT", help="folder for the results")
    parser.add_argument(
        "--model", help="semamba_pp, gap_urgenet or espnet (default: what the checkpoint looks like)"
    )
    parser.add_argument(
        "--checkpoint",
        required=True,
        help="official .pth (gap_urgenet: folder of its five), .safetensors, experiment folder, pack (.zip), "
        "hub tag",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16", "float16"), help="default: float32"
    )
    parser.add_argument(
        "--window_s", type=float, help="longest piece processed at once (default: 30; gap_urgenet: 8)"
    )
    parser.add_argument(
        "--overlap_s", type=float, help="overlap of the pieces (default: 1; gap_urgenet's authors take 4)"
    )
    parser.add_argument(
        "--suffix", help="format of the results, such as .wav or .flac (default: as the input)"
    )
    parser.add_argument("--force", action="store_true", help="enhance again what is there already")
    semamba = parser.add_argument_group("only for semamba_pp")
    semamba.add_argument(
        "--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026"
    )
    gap = parser.add_argument_group("only for gap_urgenet")
    gap.add_argument(
        "--branch",
        choices=("fused", "predictive", "generative"),
        help="predictive: changes no words, up to 8 kHz only (default: fused)",
    )
    gap.add_argument(
        "--level",
        choices=("peak", "rms", "network"),
        help="what of the input's level is kept; network: nothing (default: peak, as the official tool)",
    )
    gap.add_argument(
        "--packet_loss",
        choices=("any_rate", "official", "off"),
        help="how lost packets are found, to be made up (default: any_rate)",
    )
    gap.add_argument(
        "--output_rate", type=int, metavar="HZ", help="rate of the results (default: as the input)"
    )
    gap.add_argument("--crossfade_s", type=float, help="length of the seams between pieces (default: 0.5)")


def run(arguments) -> int:
    """Enhance; 0 if every recording succeeded, 1 if some of several did not."""
    from espnet_plugin.enhance.files import enhance_files, gather
    from espnet_plugin.errors import UserError

    recordings = gather(arguments.inputs)  # before the model is loaded: a wrong name shows at once
    from espnet_plugin.pretrained.recognise import recognise

    model = arguments.model or recognise(arguments.checkpoint)
    options = _options(arguments, model)
    output_rate_hz = options.pop("output_rate", None)
    if output_rate_hz is not None and output_rate_hz <= 0:
        raise UserError(f"--output_rate is a number of hertz above 0, not {output_rate_hz}")
    import espnet_plugin

    enhancer = espnet_plugin.load(model, arguments.checkpoint, arguments.device, arguments.dtype, **options)
    summary = enhance_files(
        *(enhancer, recordings, Path(arguments.output_dir), arguments.suffix, arguments.force),
        output_rate_hz=output_rate_hz,
    )
    if summary.failed and len(recordings) == 1:
        (identifier,) = recordings
        raise UserError(f"{recordings[identifier]}: {summary.failed[identifier]}")
    for identifier, reason in summary.failed.items():
        print(f"FAILED {identifier}: {reason}")
    print(summary.line())
    return 1 if summary.failed else 0


def _options(arguments, model: str) -> dict:
    """The options that were given.

    Raises:
        UserError: one that the model does not have.
    """
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.load import MODELS

    given = {name: getattr(arguments, name) for name in OPTIONS if getattr(arguments, name) is not None}
    for name in given:
        if model in MODELS and model not in OPTIONS[name]:
            raise UserError(f"{model} has no --{name}, only {', '.join(OPTIONS[name])}; leave it out")
    return given
