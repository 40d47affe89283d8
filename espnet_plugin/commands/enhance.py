"""``urgent26 enhance``: clean a file, a folder or a list of recordings."""

from pathlib import Path

EXAMPLES = """
examples:
  urgent26 enhance noisy.wav -o clean/ --checkpoint semambapp.pth
  urgent26 enhance recordings/ -o clean/ --checkpoint exp/semamba_pp_mini
  urgent26 enhance wav.scp -o clean/ --checkpoint model.zip --device cuda --dtype bfloat16

Rate, length, number of channels and folders stay as they are. What is finished is skipped, so the same
command continues after an interruption.
"""


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("inputs", nargs="+", metavar="IN", help="audio file, folder, or .scp list of 'id path'")
    parser.add_argument("-o", "--output_dir", required=True, metavar="OUT", help="folder for the results")
    parser.add_argument("--model", default="semamba_pp", help="semamba_pp (default), gap_urgenet or espnet")
    parser.add_argument(
        "--checkpoint",
        required=True,
        help="official .pth (gap_urgenet: folder of its five), .safetensors, experiment folder, pack (.zip), hub tag",
    )
    parser.add_argument("--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16", "float16"), help="default: float32"
    )
    parser.add_argument(
        "--window_s", type=float, help="longest piece processed at once (default: 30; gap_urgenet: 8)"
    )
    parser.add_argument(
        "--overlap_s", type=float, help="overlap of the pieces (default: 1; gap_urgenet: 4, as its authors)"
    )
    parser.add_argument("--suffix", help="format of the results, such as .wav or .flac (default: as the input)")
    parser.add_argument("--force", action="store_true", help="enhance again what is there already")


def run(arguments) -> int:
    """Enhance; 0 if every recording succeeded, 1 otherwise."""
    from espnet_plugin.enhance.files import enhance_files, gather

    recordings = gather(arguments.inputs)  # before the model is loaded: a wrong name shows at once
    import espnet_plugin

    chosen = {name: getattr(arguments, name) for name in ("window_s", "overlap_s", "wiring")}
    options = {name: value for name, value in chosen.items() if value is not None}
    enhancer = espnet_plugin.load(
        arguments.model, arguments.checkpoint, arguments.device, arguments.dtype, **options
    )
    summary = enhance_files(
        enhancer, recordings, Path(arguments.output_dir), arguments.suffix, arguments.force
    )
    for identifier, reason in summary.failed.items():
        print(f"FAILED {identifier}: {reason}")
    print(summary.line())
    return 1 if summary.failed else 0
