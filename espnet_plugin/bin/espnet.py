"""ESPnet's own command line with our separators.

``python -m espnet_plugin.bin.espnet enhance NOISY.wav --model PACK.zip -o CLEAN.wav``

ESPnet 202511 has no such command line.
"""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Register, then hand over to ESPnet; returns its exit code, or 2 where ESPnet has no command line."""
    try:
        from espnet2.bin import cli
    except ImportError:
        print(
            "espnet_plugin.bin.espnet: this ESPnet has no command line (202611 and newer do); "
            "use 'urgent26 enhance' or 'python -m espnet_plugin.bin.enh_inference'",
            file=sys.stderr,
        )
        return 2
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Only 'enhance' builds one of our models, and registration costs many seconds.
    if "enhance" in arguments and not {"-h", "--help"}.intersection(arguments):
        from espnet_plugin.espnet_modules.registration import register

        register()
    return cli.main(arguments) or 0


if __name__ == "__main__":
    sys.exit(main())
