"""Which model a checkpoint holds, by a look at file names and headers."""

from collections.abc import Mapping
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.gap_urgenet_names import PARTS
from espnet_plugin.pretrained.load import MODELS, read_espnet_config


def recognise(checkpoint: str | Path) -> str:
    """The name of the model for `espnet_plugin.load`.

    Args:
        checkpoint: official file or folder, one of ours, an experiment folder or a pack.

    Returns:
        one of `MODELS`; "semamba_pp" for what is missing or cannot be read, as its loader says what is wrong.
    """
    path = Path(checkpoint).expanduser()
    try:
        if path.suffix == ".safetensors":
            return _named_in_header(path)
        if any((path / f"{part.file}.pt").is_file() for part in PARTS.values()):
            return "gap_urgenet"
        if path.is_dir() or path.suffix == ".zip":
            config = read_espnet_config(path)
            separator = config.get("separator") if isinstance(config, Mapping) else "semamba_pp"
            if isinstance(config, Mapping) and config.get("part"):
                return "gap_urgenet"  # one of its networks, as its loader says
            return separator if separator in MODELS else "espnet"
    except (UserError, OSError):
        pass
    return "semamba_pp"


def _named_in_header(path: Path) -> str:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            name = (file.metadata() or {}).get("model")
    except SafetensorError:
        name = None
    return name if name in MODELS else "semamba_pp"
