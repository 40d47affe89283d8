"""Where weights come from, and what that means for passing them on."""

from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.gap_urgenet_names import PARTS
from espnet_plugin.pretrained.load import (
    OFFICIAL_FILE,
    download,
    first_line,
    read_espnet_config,
    read_torch_file,
)

#: Names the origin in a configuration and in the header of a .safetensors file.
KEY = "origin"
#: In an experiment's folder: the origin of the weights that its training began with.
FILE = "origin.txt"

MIT = """\
MIT License

Copyright (c) {holders}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@dataclass(frozen=True)
class Origin:
    """Released weights.

    Attributes:
        title: whose they are.
        url: where they are published.
        licence: as the Hugging Face hub calls it; None where the authors give none.
        notice: what the licence wants to be passed on with the weights.
    """

    title: str
    url: str
    licence: str | None = None
    notice: str = ""


ORIGINS = {
    "semamba_pp": Origin("the SEMamba++ authors' checkpoint", "https://github.com/infected4098/SEMambapp"),
    "gap_urgenet": Origin(
        "the GAP-URGENet authors' checkpoints",
        "https://github.com/Xiaobin-Rong/gap-urgenet",
        "mit",
        MIT.format(holders="Xiaobin Rong and the other authors of GAP-URGENet")
        + "\nThis notice covers the weights of GAP-URGENet, https://github.com/Xiaobin-Rong/gap-urgenet,\n"
        "which were converted from the files that its authors published.\n",
    ),
}


def read_origin(checkpoint: str | Path) -> str | None:
    """The origin that a checkpoint names, or that its format shows.

    An official layout counts as the authors' file, as nothing in it tells whose weights they are.

    Args:
        checkpoint: whatever ``espnet_plugin.load`` takes, except for a dictionary.

    Returns:
        a key of ``ORIGINS``, or None for weights without such an origin.

    Raises:
        UserError: it is missing or cannot be read.
    """
    path = Path(checkpoint).expanduser()
    if not path.exists():
        path = download(str(checkpoint))
    if path.suffix == ".safetensors":
        return _in_header(path)
    if path.is_dir() or path.suffix == ".zip":
        if any((path / f"{part.file}.pt").is_file() for part in PARTS.values()):
            return "gap_urgenet"
        if (path / OFFICIAL_FILE).is_file():
            return "semamba_pp"
        if (path / FILE).is_file():
            return (path / FILE).read_text(encoding="utf-8").strip()
        if path.is_dir() and not any((path / name).is_file() for name in ("config.yaml", "meta.yaml")):
            return None  # a network of others, such as a WavLM of transformers
        config = read_espnet_config(path)
        return config.get(KEY) if isinstance(config, dict) else None
    if path.name in (f"{part.file}.pt" for part in PARTS.values()):
        return "gap_urgenet"
    content = read_torch_file(path, mapped=True)
    if isinstance(content, dict) and isinstance(content.get("generator"), dict):
        return "semamba_pp"
    return read_origin(path.parent) if (path.parent / "config.yaml").is_file() else None


def _in_header(path: Path) -> str | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get(KEY)
    except SafetensorError as error:
        raise UserError(f"{path} cannot be read as safetensors: {first_line(error)}") from error
