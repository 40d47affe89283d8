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
  urgent26 convert gap.safetensors --parts encoder=exp/encoder vocoder=exp/vocoder adapter=exp/adapter \\
      predictor=five_files/ postnet=PostNet.pt                 from several trainings and files to one
"""
    parser.add_argument(
        "source",
        nargs="?",
        help="official .pth, folder of GAP-URGENet's five, .safetensors, experiment folder or pack (.zip)",
    )
    parser.add_argument(
        "target",
        help=".safetensors (ours), .zip (ESPnet's), or the official layout: .pth, for GAP-URGENet a folder",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        default=[],
        metavar="PART=CHECKPOINT",
        help="instead of a source: GAP-URGENet's five networks one by one, each from its training or file",
    )
    parser.add_argument("--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026")
    parser.add_argument("--force", action="store_true", help="replace an existing target")


def run(arguments) -> int:
    """Convert, after a check that the tensors fit the model they describe."""
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.recognise import recognise
    from espnet_plugin.pretrained.zoo_model import of_network, read_parts, read_released
    from espnet_plugin.pretrained.zoo_pack import pack_model

    source, target = arguments.source, Path(arguments.target)
    if bool(source) == bool(arguments.parts):
        raise UserError("give one source, or --parts with all five networks of GAP-URGENet, and a target")
    model = recognise(source) if source else "gap_urgenet"
    if model not in OFFICIAL:
        raise UserError(f"{source} is a network of ESPnet's stock, which has no other form")
    _check_target(target, OFFICIAL[model], arguments.force)
    released = read_released(source, arguments.wiring) if source else read_parts(_by_name(arguments.parts))
    if target.suffix == ".zip":
        pack_model(of_network(released), target, force=True)  # whether it may be replaced is decided already
    else:
        write = _write_gap_urgenet if model == "gap_urgenet" else _write_semamba_pp
        write(released, target)
    count = sum(parameter.numel() for parameter in released.network.parameters())
    size = sum(file.stat().st_size for file in (target.glob("*.pt") if target.is_dir() else [target]))
    print(f"{target}: {count:,} parameters, {size / 2**20:.1f} MiB")
    return 0


def _by_name(parts: list[str]) -> dict[str, str]:
    """Part -> checkpoint of ``PART=CHECKPOINT``, all five."""
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.gap_urgenet_names import PARTS

    given = dict(part.partition("=")[::2] for part in parts)
    for name in given:
        if name not in PARTS:
            raise UserError(f"--parts: there is no part '{name}'; the parts are {', '.join(PARTS)}")
    for name in PARTS:
        if not given.get(name):
            raise UserError(f"--parts: the {name} is missing; add {name}=CHECKPOINT")
    return given


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


def _write_semamba_pp(released, target: Path) -> None:
    from espnet_plugin.pretrained.load import save_official, save_safetensors
    from espnet_plugin.pretrained.semamba_pp import refuse_variants

    if target.suffix == ".safetensors":
        save_safetensors(target, released.options, released.network.state_dict(), released.origin)
    else:
        refuse_variants(released.options)
        save_official(target, released.network.state_dict())


def _write_gap_urgenet(released, target: Path) -> None:
    from espnet_plugin.pretrained.gap_urgenet import save_official, save_pack

    if target.suffix == ".safetensors":
        save_pack(target, released.network, released.origin)
    else:
        with _filled_at_once(target) as folder:
            save_official(folder, released.network)


@contextlib.contextmanager
def _filled_at_once(target: Path) -> Iterator[Path]:
    """A folder whose files move to the target when all are there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        yield Path(folder)
        target.mkdir(exist_ok=True)
        for file in Path(folder).iterdir():
            file.replace(target / file.name)
