"""Enhance a list of recordings: ESPnet's ``enh_inference`` with our separators and a strict model check.

``python -m espnet_plugin.bin.enh_inference --model_file exp/TAG/model.pth --train_config exp/TAG/config.yaml
--data_path_and_name_and_type data/test/wav.scp,speech_mix,sound --output_dir OUT --fs 16000``
"""

import sys
from collections.abc import Sequence

from espnet_plugin.errors import UserError
from espnet_plugin.process_settings import settle


def main(argv: Sequence[str] | None = None) -> int:
    """Run ESPnet's command; a user's mistake is one line and exit code 2."""
    settle()
    from espnet2.bin import enh_inference

    from espnet_plugin.espnet_modules.inference import SeparateSpeech

    stock = enh_inference.SeparateSpeech
    # ESPnet's command looks its class up in its own module and takes no other.
    enh_inference.SeparateSpeech = SeparateSpeech
    try:
        enh_inference.main(argv)
    except UserError as error:
        print(f"espnet_plugin.bin.enh_inference: {error}", file=sys.stderr)
        return 2
    finally:
        enh_inference.SeparateSpeech = stock
    return 0


if __name__ == "__main__":
    sys.exit(main())
