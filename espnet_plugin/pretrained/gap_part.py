"""GAP-URGENet's five networks one by one: read from whatever holds one of them, and put together."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from espnet_plugin.errors import UserError
from espnet_plugin.gap_urgenet.adapter import Adapter
from espnet_plugin.gap_urgenet.dewavlm import FRAME, DeWavLM
from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.gap_urgenet.postnet import PostNet
from espnet_plugin.gap_urgenet.predictor import Predictor
from espnet_plugin.gap_urgenet.vocoder import Vocoder
from espnet_plugin.pretrained import load as loading
from espnet_plugin.pretrained import wavlm
from espnet_plugin.pretrained.gap_urgenet_names import PARTS

CLASSES: dict[str, type[nn.Module]] = {
    "encoder": DeWavLM,
    "adapter": Adapter,
    "vocoder": Vocoder,
    "predictor": Predictor,
    "postnet": PostNet,
}
MODEL = "gap_urgenet"
#: A constant that the official vocoder stores among its weights.
WINDOW = "head.istft.window"
_TRAINED_PREFIX = "part.network."


@dataclass(frozen=True)
class PartNetwork:
    """One of the five networks.

    Attributes:
        options: all arguments of its class.
        network: with its weights.
        source: where it came from, for messages.
    """

    options: dict[str, Any]
    network: nn.Module
    source: str


def read_part(name: str, checkpoint: str | Path) -> PartNetwork:
    """One network of a checkpoint, in eval mode; its weights stay in the file until they are used.

    Args:
        name: of the part, such as ``encoder``.
        checkpoint: the part's official file or a folder with it, the experiment folder of its training, or
            all five networks in one: our ``.safetensors`` file, an ESPnet pack or experiment, a hub tag. For
            the encoder also a WavLM: Microsoft's ``.pt``, or a folder of transformers.

    Raises:
        UserError: in one line, what is missing, damaged or at odds with itself.
    """
    path = Path(checkpoint).expanduser()
    if not path.exists():
        path = loading.download(str(checkpoint))
    if path.suffix == ".safetensors":
        return _of_pack(name, path)
    if path.is_file() and path.suffix != ".zip":
        return read_official(name, path)
    official = path / f"{PARTS[name].file}.pt"
    if official.is_file():
        return read_official(name, official)
    if name == "encoder" and wavlm.is_wavlm_folder(path):
        return described(name, *wavlm.read_wavlm_folder(path), str(path))
    return _of_espnet(name, path)


def trained_prefix(training: str, name: str) -> str:
    """Where a network lies in the checkpoints of a training, that of its own or of several networks."""
    return _TRAINED_PREFIX if training == name else f"{_TRAINED_PREFIX}{name}."


def read_official(name: str, path: Path) -> PartNetwork:
    """One network of its official file; raises as ``of_official``."""
    content = loading.read_torch_file(path, mapped=True)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}, not a part of GAP-URGENet")
    state, arguments = content.get("generator", content.get("model")), content.get("cfg")
    if not isinstance(state, Mapping) or not isinstance(arguments, Mapping):
        raise UserError(f"{path} is no official file of GAP-URGENet: it has no 'model' or no 'cfg' entry")
    if odd := [key for key, value in state.items() if not isinstance(value, Tensor)]:
        raise UserError(f"{path} is no official file of GAP-URGENet: its '{odd[0]}' is no tensor")
    return of_official(name, state, arguments, str(path))


def of_official(
    name: str, state: Mapping[str, Tensor], arguments: Mapping[str, Any], source: str
) -> PartNetwork:
    """One network of an official content.

    Args:
        name: of the part.
        state: tensors under the official names.
        arguments: the official ones.
        source: what to call it in errors.

    Raises:
        UserError: arguments or tensors that do not fit.
    """
    part = PARTS[name]
    _check_identity(name, state, source)
    try:
        options = complete_options(name, part.options(arguments), source)
    except ValueError as error:
        raise UserError(f"{source}: its cfg cannot be used: {error}; get the file again") from error
    network, rest = empty_part(name, options, source), dict(state)
    if name == "vocoder":
        _check_window(rest.pop(WINDOW, None), network.transform, source)
    official = {own: part.official_name(own) for own in network.state_dict()}
    expected = {official[own]: tensor for own, tensor in network.state_dict().items()}
    loading.check_tensors(rest, expected, f"{source} does not fit its own cfg")
    weights = {own: rest[theirs] for own, theirs in official.items()}
    return PartNetwork(options, filled(network, weights), source)


def described(name: str, options: Mapping[str, Any], state: Mapping[str, Tensor], source: str) -> PartNetwork:
    """One network from arguments and tensors under our names.

    Raises:
        UserError: they do not fit.
    """
    complete = complete_options(name, options, source)
    network = empty_part(name, complete, source)
    loading.check_tensors(state, network.state_dict(), f"{source} does not fit the network that it describes")
    return PartNetwork(complete, filled(network, state), source)


def read_pack(path: Path, prefix: str = "") -> tuple[dict[str, dict[str, Any]], dict[str, Tensor]]:
    """The arguments of all parts in our file, and the tensors whose names begin with a prefix, without it.

    Raises:
        UserError: no such file, damaged, or of another model.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            names = [name for name in file.keys() if name.startswith(prefix)]
            state = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    except FileNotFoundError:
        raise UserError(f"the checkpoint {path} does not exist") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} cannot be read as safetensors: {loading.first_line(error)}") from error
    if header.get("model") != MODEL:
        found = header.get("model")
        raise UserError(f"{path} is no GAP-URGENet file of this project (its header names {found})")
    try:
        return json.loads(header["options"]), state
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} does not say how the network is built; convert the official files again"
        ) from error


def join(parts: Mapping[str, PartNetwork]) -> GapUrgenet:
    """The whole of five networks, which it takes over.

    Raises:
        UserError: one is missing, or their sizes do not go together.
    """
    for name in PARTS:
        if name not in parts:
            raise UserError(f"{name} is not given; GAP-URGENet needs all of {', '.join(PARTS)}")
    options = {name: parts[name].options for name in PARTS}
    check_sizes(options, {name: part.source for name, part in parts.items()})
    sources = ", ".join(dict.fromkeys(part.source for part in parts.values()))
    network = built_empty(lambda: GapUrgenet(**options), sources)
    for name in PARTS:
        setattr(network, name, parts[name].network)
    return network.requires_grad_(False).eval()


def check_sizes(options: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]) -> None:
    """Refuse networks that cannot work together.

    Args:
        options: some of the five by name; ``teacher`` is the encoder whose features the vocoder knows.
        sources: what to call each in errors.

    Raises:
        UserError: which sizes of which two differ.
    """
    for name, size, other, other_size in (
        ("adapter", "in_channels", "encoder", "channels"),
        ("adapter", "out_channels", "teacher", "channels"),
        ("vocoder", "in_channels", "adapter", "out_channels"),
        ("vocoder", "in_channels", "teacher", "channels"),
    ):
        if name not in options or other not in options:
            continue
        one, two = options[name][size], options[other][other_size]
        if one != two:
            raise UserError(
                f"{sources[name]} does not belong to {sources[other]}: their sizes differ "
                f"({name}: {size} {one}, {other}: {other_size} {two})"
            )
    if "vocoder" in options and options["vocoder"]["hop"] != FRAME:
        raise UserError(
            f"{sources['vocoder']}: the vocoder makes {options['vocoder']['hop']} samples of a frame, of "
            f"which the encoder has one in {FRAME} samples: set its hop to {FRAME}"
        )
    if "postnet" in options and options["postnet"]["inputs"] != 2:
        raise UserError(
            f"{sources['postnet']} does not belong to {sources.get('predictor', 'the predictor')}: their "
            f"sizes differ (the PostNet joins 2 waves, not {options['postnet']['inputs']})"
        )


def complete_options(name: str, options: Mapping[str, Any], source: str) -> dict[str, Any]:
    """All arguments of a part's class, the missing ones by their defaults.

    Raises:
        UserError: an argument that the class does not have.
    """
    defaults = {key: value.default for key, value in inspect.signature(CLASSES[name]).parameters.items()}
    if unknown := sorted(set(options) - set(defaults)):
        raise UserError(f"{source}: the {name} has no '{unknown[0]}'; it has {', '.join(defaults)}")
    return {**defaults, **options}


def empty_part(name: str, options: Mapping[str, Any], source: str) -> nn.Module:
    """A part without memory for its weights; raises as ``built_empty``."""
    return built_empty(lambda: CLASSES[name](**options), source)


def built_empty(build: Callable[[], nn.Module], source: str) -> nn.Module:
    """A network without memory for its weights and without random numbers.

    Raises:
        UserError: it cannot be built.
    """
    try:
        # transformers fills one vector with random numbers even so: the caller's generator stays as it is.
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            return build()
    # What torch, transformers and ESPnet raise for sizes that do not go together.
    except (TypeError, ValueError, RuntimeError, AssertionError, ArithmeticError) as error:
        reason = loading.first_line(error)
        raise UserError(f"{source}: no network can be built as described: {reason}") from error


def filled(network: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """The network with these weights, ready for use."""
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    return network.requires_grad_(False).eval()


def _of_pack(name: str, path: Path) -> PartNetwork:
    options, state = read_pack(path, f"{name}.")
    return described(name, options.get(name) or {}, state, str(path))


def _of_espnet(name: str, path: Path) -> PartNetwork:
    """From the experiment of a training, or from a model of all five."""
    config = loading.read_espnet_config(path)
    trained = config.get("part") if isinstance(config, Mapping) else None
    if trained is None:
        options = loading.separator_options(config, path, MODEL).get(name) or {}
        prefix = f"{loading.ESPNET_PREFIX}{name}."
    else:
        options = (config.get("network_conf") or {}).get(name) or {}
        prefix = trained_prefix(trained, name)
    state = loading.read_espnet_state(path)
    own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    if trained not in (None, name) and not own:
        raise UserError(f"{path} is the training '{trained}' and holds no {name}")
    return described(name, options, own, str(path))


def _check_identity(name: str, state: Mapping[str, Tensor], source: str) -> None:
    """Say it plainly if files were swapped."""
    first = state.get("conv.0.weight")
    signs = {
        "encoder": "mask_emb" in state,
        "adapter": "proj.weight" in state,
        "vocoder": "head.out.weight" in state,
        "predictor": first is not None and first.shape[1:2] == (2,),
        "postnet": first is not None and first.shape[1:2] != (2,),
    }
    other = next((part for part, seen in signs.items() if seen), None)
    if other is not None and other != name:
        raise UserError(f"{source} holds the weights of {PARTS[other].file}.pt, not of {PARTS[name].file}.pt")


def _check_window(window: Tensor | None, samples: int, source: str) -> None:
    if window is None or window.shape != (samples,):
        raise UserError(f"{source}: {WINDOW} is missing or has not {samples} samples; get the file again")
    if not torch.allclose(window.float(), torch.hann_window(samples), atol=1e-6):
        raise UserError(f"{source}: {WINDOW} is no periodic Hann window, the only one supported")
