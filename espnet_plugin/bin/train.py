"""Train a restoration network: ``python -m espnet_plugin.bin.train --config conf/train/NAME.yaml ...``.

The options are those of ESPnet's ``enh_train`` and our own; ``--help`` lists them, ``--enh_task gan --help``
those of adversarial training. ``--enh_task auto|enh|gan`` chooses; auto, the default, looks whether the
configuration names a discriminator.
"""

import argparse
import sys
from collections.abc import Sequence

from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.process_settings import settle


def main(argv: Sequence[str] | None = None) -> int:
    """Run the task; a user's mistake is one line and exit code 2."""
    settle()
    from espnet_plugin.espnet_modules.adversarial_task import AdversarialTask
    from espnet_plugin.espnet_modules.task import RestorationTask
    from espnet_plugin.espnet_modules.task_choice import ENH_TASKS, choose_task

    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--enh_task", choices=ENH_TASKS, default="auto")
    first.add_argument("--config")
    chosen, rest = first.parse_known_args(argv)
    try:
        if chosen.config is not None:
            task = choose_task(load_config(chosen.config), chosen.enh_task)
            rest = ["--config", chosen.config, *rest]
        else:
            task = AdversarialTask if chosen.enh_task == "gan" else RestorationTask
        task.main(cmd=rest)
    except UserError as error:
        print(f"espnet_plugin.bin.train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("espnet_plugin.bin.train: stopped; --resume true goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
