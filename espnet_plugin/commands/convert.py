"""``urgent26 convert``: between official checkpoints and files of this project."""


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """
examples:
  urgent26 convert semambapp.pth semambapp.safetensors         official file to ours
  urgent26 convert exp/semamba_pp_mini mini.safetensors        a trained experiment to one file
  urgent26 convert semambapp.safetensors back.pth              ours to the official layout
"""
    parser.add_argument("source", help="official .pth, .safetensors, experiment folder or pack (.zip)")
    parser.add_argument("target", help="file to write: .safetensors (ours) or .pth (official layout)")
    parser.add_argument("--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026")
    parser.add_argument("--force", action="store_true", help="replace an existing target")


def run(arguments) -> int:
    """Convert, after a check that the tensors fit the model they describe."""
    from pathlib import Path

    from espnet_plugin.errors import UserError

    target = Path(arguments.target)
    if target.suffix not in (".safetensors", ".pth"):
        raise UserError(f"cannot write '{target.suffix}' files: name the target *.safetensors or *.pth")
    if target.exists() and not arguments.force:
        raise UserError(f"{target} exists; add --force to replace it")

    from espnet_plugin.pretrained.load import load_strictly, read_checkpoint, save_official, save_safetensors
    from espnet_plugin.pretrained.semamba_pp import refuse_variants
    from espnet_plugin.semamba_pp.network import SEMambaPP

    checkpoint = read_checkpoint(arguments.source)
    if arguments.wiring:
        checkpoint.options["wiring"] = arguments.wiring
    if target.suffix == ".pth":
        refuse_variants(checkpoint.options)
    network = SEMambaPP(**checkpoint.options)
    load_strictly(network, checkpoint.state, checkpoint.source)
    if target.suffix == ".safetensors":
        save_safetensors(target, checkpoint.options, network.state_dict())
    else:
        save_official(target, network.state_dict())
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{target}: {count:,} parameters, {target.stat().st_size / 2**20:.1f} MiB")
    return 0
