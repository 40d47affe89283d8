"""``urgent26 convert``: between official checkpoints and files of this project."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Model -> suffix of its official layout; none for a folder of files.
OFFICIAL = {"semamba_pp": ".pth", "gap_urgenet": ""}


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """
examples:
  urgent26 convert semambapp.pth semambapp.safetensors         official file to ours
  urgent26 convert exp/semamba_pp_mini mini.safetensors        a trained experiment to one file
  urgent26 convert semambapp.safetensors back.pth              ours to the official layout
  urgent26 convert five_files/ gap.safetensors                 GAP-URGENet's official files to ours
  urgent26 convert gap.safetensors five_files_again/           ours to the five official files
  urgent26 convert five_files/ gap.zip                         to a pack for ESPnet's SeparateSpeech
"""
    parser.add_argument(
        "source",
        help="official .pth, folder of GAP-URGENet's five, .safetensors, experiment folder or pack (.zip)",
    )
    parser.add_argument(
        "target",
        help=".safetensors (ours), .zip (ESPnet's), or the official layout: .pth, for GAP-URGENet a folder",
    )
    parser.add_argument("--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026")
    parser.add_argument("--force", action="store_true", help="replace an existing target")


def run(arguments) -> int:
    """Convert, after a check that the tensors fit the model they describe."""
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.recognise import recognise

    source, target = Path(arguments.source), Path(arguments.target)
    model = recognise(source)
    if model not in OFFICIAL:
        raise UserError(f"{source} is a network of ESPnet's stock, which has no other form")
    _check_target(target, OFFICIAL[model], arguments.force)
    convert = _convert_gap_urgenet if model == "gap_urgenet" else _convert_semamba_pp
    network = convert(source, target, arguments.wiring)
    count = sum(parameter.numel() for parameter in network.parameters())
    size = sum(file.stat().st_size for file in (target.glob("*.pt") if target.is_dir() else [target]))
    print(f"{target}: {count:,} parameters, {size / 2**20:.1f} MiB")
    return 0


def _check_target(target: Path, official: str, force: bool) -> None:
    from espnet_plugin.errors import UserError

    if target.suffix not in (".safetensors", ".zip", official):
        layout = f"*{official}" if official else "without a suffix, for a folder"
        raise UserError(
            f"cannot write '{target.suffix}' files here: name the target *.safetensors, *.zip or {layout}"
        )
    if target.is_dir() if target.suffix else target.is_file():
        raise UserError(f"{target} is a {'folder' if target.suffix else 'file'}; choose another name")
    if not force and (any(target.iterdir()) if target.is_dir() else target.exists()):
        raise UserError(f"{target} exists; add --force to replace it")


def _convert_semamba_pp(source: Path, target: Path, wiring: str | None):
    from espnet_plugin.pretrained.load import load_strictly, read_checkpoint, save_official, save_safetensors
    from espnet_plugin.pretrained.semamba_pp import refuse_variants
    from espnet_plugin.semamba_pp.network import SEMambaPP
    from espnet_plugin.semamba_pp.spectrum import Spectrum

    checkpoint = read_checkpoint(source)
    if wiring:
        checkpoint.options["wiring"] = wiring
    if target.suffix == ".pth":
        refuse_variants(checkpoint.options)
    network = SEMambaPP(**checkpoint.options)
    load_strictly(network, checkpoint.state, checkpoint.source)
    if target.suffix == ".safetensors":
        save_safetensors(target, checkpoint.options, network.state_dict())
    elif target.suffix == ".zip":
        _pack("semamba_pp", checkpoint.options, network, Spectrum.rate_hz, target)
    else:
        save_official(target, network.state_dict())
    return network


def _convert_gap_urgenet(source: Path, target: Path, wiring: str | None):
    from espnet_plugin.errors import UserError
    from espnet_plugin.gap_urgenet.network import RATE_HZ
    from espnet_plugin.pretrained.gap_urgenet import load_network, save_official, save_pack

    if wiring:
        raise UserError("gap_urgenet has no --wiring, only semamba_pp; leave it out")
    network = load_network(source)
    if target.suffix == ".safetensors":
        save_pack(target, network)
    elif target.suffix == ".zip":
        _pack("gap_urgenet", network.options, network, RATE_HZ, target)
    else:
        with _filled_at_once(target) as folder:
            save_official(folder, network)
    return network


@contextlib.contextmanager
def _filled_at_once(target: Path) -> Iterator[Path]:
    """A folder whose files move to the target when all are there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        yield Path(folder)
        target.mkdir(exist_ok=True)
        for file in Path(folder).iterdir():
            file.replace(target / file.name)


def _pack(*of_network) -> None:
    from espnet_plugin.espnet_modules.export import pack_network

    pack_network(*of_network, force=True)  # whether the target may be replaced is decided already
