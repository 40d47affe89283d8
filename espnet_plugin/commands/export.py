"""``urgent26 export``: a model for programs without torch."""

from pathlib import Path


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """
examples:
  urgent26 export semambapp.pth -o model.onnx
  urgent26 export exp/semamba_pp_mini -o small.onnx --dtype float16

The ONNX file holds the network between the short-time Fourier transform and its inverse: inputs magnitude
and phase, outputs restored_magnitude and restored_phase, all (batch, bins, frames) in float32, with 201 bins
at 16 kHz; batch and frames may vary. Its metadata name rate, window, hop and compression.
egs2/urgent26/onnx_example.py does the rest with NumPy. onnxruntime 1.17 or newer runs it, with 0.1 GiB of
memory per second of audio. Before the file gets its name, its outputs are compared with the network's.
"""
    parser.add_argument("checkpoint", help="official .pth, .safetensors, experiment folder, pack or hub tag")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="F", help="the file, *.onnx")
    parser.add_argument(
        "--model", choices=("semamba_pp",), default="semamba_pp", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="of the stored weights; float16 halves the file, and the calculation stays in float32",
    )
    parser.add_argument("--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(arguments) -> int:
    """Write and compare."""
    from espnet_plugin.errors import UserError, missing_module

    target = arguments.output
    if target.suffix != ".onnx":
        raise UserError(f"cannot write '{target.suffix}' files here: name the target *.onnx")
    if target.is_dir():
        raise UserError(f"{target} is a folder; choose another name")
    if target.exists() and not arguments.force:
        raise UserError(f"{target} exists; add --force to replace it")
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError as error:
        raise missing_module(error.name, "the export") from error
    from espnet_plugin.export.model_file import write
    from espnet_plugin.pretrained.recognise import recognise
    from espnet_plugin.pretrained.zoo_model import read_released

    if (model := recognise(arguments.checkpoint)) != arguments.model:
        raise UserError(
            f"{arguments.checkpoint} is {model}, which has no ONNX form; only {arguments.model} has"
        )
    half = arguments.dtype == "float16"
    released = read_released(arguments.checkpoint, arguments.wiring)
    released.network.eval()
    difference = write(released, target, half)
    print(
        f"{target}: {target.stat().st_size / 2**20:.1f} MiB; differs from the network by at most "
        f"{difference.magnitude:.1e} in magnitude, "
        f"by {difference.spectrum:.1e} (relative RMS) in the complex spectrum"
    )
    return 0
