"""Train a restoration network: ``python -m espnet_plugin.bin.train --config conf/train/NAME.yaml ...``.

The options are those of ESPnet's ``enh_train`` plus ``--segment_samples`` and ``--loss_weights``;
``--help`` lists them.
"""

import sys
from collections.abc import Sequence

from espnet_plugin.errors import UserError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the task; a user's mistake is one line and exit code 2."""
    from espnet_plugin.espnet_modules.task import RestorationTask

    try:
        RestorationTask.main(cmd=argv)
    except UserError as error:
        print(f"espnet_plugin.bin.train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("espnet_plugin.bin.train: stopped; --resume true goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
