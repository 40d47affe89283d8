"""A model of ESPnet's hub in a local folder, as `meta.yaml` describes it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.loading import read_state_dict

_BUILD_ERRORS = (
    AssertionError,
    AttributeError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
# In C it reads a list of 50,000 tokens in a fraction of the time.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@contextmanager
def open_model(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Lend a configuration from which ESPnet can build the model of a folder, and name the file of its weights.

    The configuration names its files (statistics, tokeniser) relative to the folder. ESPnet's downloader
    writes absolute paths into it, and so does the copy that is lent here; the folder itself stays as it is.
    Nothing is downloaded. What fails while the model is built inside the `with` block is reported as unfit
    files.

    Args:
        folder: the repository's tree, with `meta.yaml` at its top.

    Yields:
        the configuration, which is gone after the block, and the file of the weights, for `load_weights`:
        ESPnet itself takes whatever fits, and its release 202511 unpickles anything.

    Raises:
        UserError: files are missing, or they do not describe a model of the ESPnet that is installed.
    """
    folder = Path(folder).resolve()
    meta = _read(folder / "meta.yaml")
    config_path = _named(folder, meta, "yaml_files", "train_config")
    weights_path = _named(folder, meta, "files", "model_file")
    config = _read(config_path)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    config = _with_absolute_paths(config, folder, files)
    config["init"] = None  # every tensor is read from the file
    with tempfile.TemporaryDirectory(prefix="urgent26-model-") as temporary:
        lent = Path(temporary) / "config.yaml"
        with lent.open("w", encoding="utf-8") as file:
            yaml.dump(config, file, _Dumper, allow_unicode=True)
        try:
            yield lent, weights_path
        except _BUILD_ERRORS as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise UserError(
                f"{config_path} is not the configuration of a model that this ESPnet can build: {reason}"
            ) from error


def load_weights(model: nn.Module, path: Path) -> None:
    """Load a file into a model of ESPnet, safely and strictly: no tensor may be missing or left over.

    Modules of ESPnet rename tensors of files from earlier releases while they load, so names are compared
    afterwards.

    Raises:
        UserError: the file cannot be read safely; or tensors are missing, unexpected or of another shape.
    """
    state_dict = read_state_dict(path, mapped=True)
    try:
        outcome = model.load_state_dict(state_dict, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(
            f"{path} does not fit the configuration: {reason}; fetch the weights again"
        ) from error
    found = [
        f"{len(keys)} {kind} (first: {keys[0]})"
        for kind, keys in (("missing", outcome.missing_keys), ("unexpected", outcome.unexpected_keys))
        if keys
    ]
    if found:
        raise UserError(
            f"{path} does not fit the configuration: of {len(state_dict)} tensors {', '.join(found)}; "
            "fetch the weights again"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; fetch the weights again") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path} is damaged; fetch the weights again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no mapping; fetch the weights again")
    return content


def _named(folder: Path, meta: dict[str, Any], group: str, ending: str) -> Path:
    """The one file of a group of `meta.yaml` whose key ends so (`s2t_model_file`, `model_file`)."""
    members = meta.get(group)
    found = [name for key, name in (members or {}).items() if key.endswith(ending)] if members else []
    if len(found) != 1 or not isinstance(found[0], str):
        raise UserError(f"{folder / 'meta.yaml'} names no '{ending}' in '{group}'; fetch the weights again")
    path = (folder / found[0]).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise UserError(f"{folder / found[0]} is not there; fetch the weights again")
    return path


def _with_absolute_paths(value: Any, folder: Path, files: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_absolute_paths(member, folder, files) for key, member in value.items()}
    if isinstance(value, list):
        return [_with_absolute_paths(member, folder, files) for member in value]
    if isinstance(value, str) and (path := PurePosixPath(value)).as_posix() in files:
        return str(folder / path)
    return value
