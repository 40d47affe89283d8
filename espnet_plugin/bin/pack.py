"""Pack a trained model for ESPnet: ``python -m espnet_plugin.bin.pack exp/TAG OUT.zip``."""

import argparse
import sys
from collections.abc import Sequence

from espnet_plugin.errors import UserError


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pack; a user's mistake is one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="espnet_plugin.bin.pack", description=__doc__)
    parser.add_argument("exp_dir", help="folder with config.yaml and model.pth")
    parser.add_argument("out_zip", help="pack to write")
    parser.add_argument("--force", action="store_true", help="replace an existing pack")
    arguments = parser.parse_args(argv)

    from espnet_plugin.pretrained.zoo_pack import pack_experiment

    try:
        print(pack_experiment(arguments.exp_dir, arguments.out_zip, force=arguments.force))
    except UserError as error:
        print(f"espnet_plugin.bin.pack: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
