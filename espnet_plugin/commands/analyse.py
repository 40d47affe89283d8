"""``urgent26 analyse``: what a trained SEMamba++ does inside, and how far it carries."""

import argparse
from pathlib import Path

from espnet_plugin.errors import UserError

EXAMPLES = """\
examples:
  urgent26 analyse softplus semambapp.pth -o analysis/
  urgent26 analyse gradients semambapp.pth noisy/ -o analysis/
  urgent26 analyse paths exp/semamba_pp_mini clean/ --noise noise/ -o analysis/
  urgent26 analyse intensity exp/semamba_pp_mini clean/ --noise noise/ --rirs rooms/ -o analysis/

CHECKPOINT is an official .pth, .safetensors, experiment folder, pack (.zip) or hub tag; recordings are audio
files, folders, or .scp lists of 'id path'. Each analysis writes tables (.csv) and a picture (.png).
"""
CHECKPOINT_HELP = "official .pth, .safetensors, experiment folder, pack (.zip) or hub tag"
KINDS = {
    "softplus": "the softplus that each frequency has learned (Figure 5)",
    "gradients": "which cells each resolution lives from: IoU, Wilcoxon test (Table 5, Figure 3)",
    "paths": "global against local path, over SNR and cutoff (Figure 4)",
    "intensity": "metrics against the intensity of each degradation (Table 4)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of all analyses."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="{" + ",".join(KINDS) + "}")
    added = {
        name: kinds.add_parser(name, help=help_line, description=help_line, allow_abbrev=False)
        for name, help_line in KINDS.items()
    }
    for name, sub in added.items():
        sub.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
        if name != "softplus":
            speech = "degraded" if name == "gradients" else "clean"
            sub.add_argument(
                "recordings", nargs="+", metavar="IN", help=f"{speech} speech: files, folders, lists"
            )
            sub.add_argument("--limit", type=_positive, default=20, help="recordings at most (default: 20)")
            sub.add_argument(
                "--seconds", type=float, default=3.0, help="longest excerpt, from the middle (default: 3)"
            )
        sub.add_argument(
            "-o", "--output_dir", required=True, type=Path, metavar="OUT", help="gets the files"
        )
        sub.add_argument(
            "--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026"
        )
        sub.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    added["gradients"].add_argument(
        "--share", type=_share, default=0.1, help="of the cells that count as influential (default: 0.1)"
    )
    for name in ("paths", "intensity"):
        added[name].add_argument("--noise", nargs="+", default=[], metavar="IN", help="default: white noise")
        added[name].add_argument("--seed", type=int, default=0, help="of the choice of noises and rooms")
    added["paths"].add_argument(
        "--of", choices=("outputs", "weights"), default="outputs", help="gradient of what (default: outputs)"
    )
    added["intensity"].add_argument(
        "--rirs", nargs="+", default=[], metavar="IN", help="rooms; default: none"
    )
    added["intensity"].add_argument(
        "--metrics", default="PESQ,ESTOI,SI_SDR,LSD", help="separated by commas (default: %(default)s)"
    )
    added["intensity"].add_argument("--degradations", metavar="A,B", help="only these (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Run one analysis and name the files it wrote."""
    import espnet_plugin
    from espnet_plugin.enhance.inputs import gather

    recordings = gather(arguments.recordings) if arguments.kind != "softplus" else {}
    if arguments.kind != "softplus" and arguments.seconds < 0.1:
        raise UserError(f"--seconds must be at least 0.1, not {arguments.seconds}")
    options = {"wiring": arguments.wiring} if arguments.wiring else {}
    enhancer = espnet_plugin.load("semamba_pp", arguments.checkpoint, arguments.device, **options)
    enhancer.network.requires_grad_(False)
    files = {"softplus": _softplus, "gradients": _gradients, "paths": _paths, "intensity": _intensity}[
        arguments.kind
    ](arguments, enhancer, recordings)
    for path in files:
        print(f"written: {path}")
    return 0


def _softplus(arguments, enhancer, recordings):
    from espnet_plugin.analysis.softplus_curves import analyse_softplus

    return analyse_softplus(enhancer.network, arguments.output_dir, enhancer.rate_hz)


def _gradients(arguments, enhancer, recordings):
    from espnet_plugin.analysis.influence import analyse_influence

    waves = _excerpts(arguments, enhancer, recordings)
    return analyse_influence(
        enhancer.network, enhancer.spectrum, waves, arguments.output_dir, arguments.share
    )


def _paths(arguments, enhancer, recordings):
    from espnet_plugin.analysis.path_balance import analyse_paths

    return analyse_paths(
        enhancer.network,
        enhancer.spectrum,
        _excerpts(arguments, enhancer, recordings),
        _noises(arguments, enhancer),
        arguments.output_dir,
        arguments.of,
    )


def _intensity(arguments, enhancer, recordings):
    from espnet_plugin.analysis.intensity import Surroundings, analyse_intensity
    from espnet_plugin.analysis.material import Rooms
    from espnet_plugin.enhance.inputs import gather

    metrics = _metrics(arguments.metrics)
    noises = _noises(arguments, enhancer)
    rooms = Rooms(gather(arguments.rirs), enhancer.rate_hz, arguments.seed)
    kinds = [kind.strip() for kind in (arguments.degradations or "").split(",") if kind.strip()]
    return analyse_intensity(
        enhancer.enhance,
        _excerpts(arguments, enhancer, recordings),
        lambda name: Surroundings(*noises(name), rooms(name)),
        metrics,
        enhancer.rate_hz,
        arguments.output_dir,
        kinds or None,
    )


def _metrics(names: str):
    from espnet_plugin.scoring import registry

    metrics = {name: registry.make(name) for name in registry.choose(filter(str.strip, names.split(",")))}
    for name, metric in metrics.items():
        missing = metric.available()
        if missing is not None:
            raise UserError(f"{name} cannot be computed: {missing.reason}; {missing.remedy}, or leave it out")
    return metrics


def _excerpts(arguments, enhancer, recordings):
    from espnet_plugin.analysis.material import excerpts

    return excerpts(recordings, enhancer.rate_hz, arguments.seconds, arguments.limit, arguments.kind)


def _noises(arguments, enhancer):
    from espnet_plugin.analysis.material import Noises
    from espnet_plugin.enhance.inputs import gather

    return Noises(gather(arguments.noise), enhancer.rate_hz, arguments.seed)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, not {value}")
    return value
