"""A model that is to be given away: its weights, and what is known about it."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained import origin as origins
from espnet_plugin.pretrained.load import ESPNET_PREFIX, load_strictly, read_checkpoint
from espnet_plugin.pretrained.local_paths import config_without_paths
from espnet_plugin.pretrained.recognise import recognise

MODEL, CONFIG = "model.pth", "config.yaml"

#: What ESPnet's enhancement task reads to rebuild a model.
_TO_BUILD = (
    *("encoder", "encoder_conf", "separator", "separator_conf", "decoder", "decoder_conf"),
    *("mask_module", "mask_module_conf", "model_conf", "criterions"),
    *("diffusion_model", "diffusion_model_conf", "preprocessor", "preprocessor_conf"),
    *("init", "num_spk", "use_adapter", "sample_rate"),
)
#: How the model was trained.
_FOR_THE_RECORD = (
    *("version", "seed", "max_epoch", "batch_size", "segment_samples", "loss_weights"),
    *("optim", "optim_conf", "scheduler", "scheduler_conf", "accum_grad", "grad_clip", "use_amp"),
    *("discriminator", "discriminator_conf", "discriminator_start_step"),
    *("optim2", "optim2_conf", "scheduler2", "scheduler2_conf", "grad_clip2"),
    *("keep_nbest_models", "best_model_criterion"),
)


@dataclass(frozen=True)
class ZooModel:
    """A model with what is known about it.

    Attributes:
        config: for ESPnet's enhancement task, without paths of this machine.
        write_weights: writes ESPnet's model file to a path.
        origin: key of ``ORIGINS``, or None.
        trained: whether the weights were trained here, possibly further from those of the origin.
        parameters: how many; None if unknown.
        experiment: folder with scores, pictures and the like; None if there is none.
        training_config: the whole configuration of the training, with its paths; empty if it is unknown.
    """

    config: dict[str, Any]
    write_weights: Callable[[Path], Any]
    origin: str | None = None
    trained: bool = False
    parameters: int | None = None
    experiment: Path | None = None
    training_config: Mapping[str, Any] | None = None

    @property
    def separator(self) -> str:
        """The network's name in ESPnet."""
        return self.config.get("separator", "")


@dataclass(frozen=True)
class Released:
    """A network read from a checkpoint.

    Attributes:
        separator: name of the ESPnet separator that takes the network.
        options: arguments of the network's class.
        network: with its weights.
        rate_hz: of the waves that the separator takes; at 48 kHz ESPnet resamples recordings of other rates.
        origin: key of ``ORIGINS``, or None.
    """

    separator: str
    options: dict[str, Any]
    network: nn.Module
    rate_hz: int
    origin: str | None = None


def read_released(checkpoint: str | Path, wiring: str | None = None) -> Released:
    """The network of a checkpoint that ``espnet_plugin.load`` takes.

    Args:
        checkpoint: official file or folder, .safetensors file, experiment folder, pack or hub tag.
        wiring: for SEMamba++, see ``SEMambaPP``; None as the checkpoint says.

    Raises:
        UserError: it is missing, damaged, or a network of ESPnet's stock, which has no other form.
    """
    model = recognise(checkpoint)
    if model == "gap_urgenet":
        from espnet_plugin.gap_urgenet.network import RATE_HZ
        from espnet_plugin.pretrained.gap_urgenet import load_network

        if wiring:
            raise UserError("gap_urgenet has no --wiring, only semamba_pp; leave it out")
        network = load_network(checkpoint)
        return Released(model, network.options, network, RATE_HZ, origins.read_origin(checkpoint))
    if model != "semamba_pp":
        raise UserError(f"{checkpoint} is a network of ESPnet's stock, which has no other form")
    from espnet_plugin.semamba_pp.network import SEMambaPP

    found = read_checkpoint(checkpoint)
    options = {**found.options, "wiring": wiring} if wiring else found.options
    network = SEMambaPP(**options)
    load_strictly(network, found.state, found.source)
    return Released(model, options, network, network.rate_hz, origins.read_origin(checkpoint))


def read_parts(checkpoints: Mapping[str, str | Path]) -> Released:
    """GAP-URGENet out of one checkpoint for each of its networks.

    Args:
        checkpoints: part -> what ``espnet_plugin.pretrained.gap_part.read_part`` takes.

    Raises:
        UserError: one is missing, damaged, or of sizes that do not go with the others.
    """
    from espnet_plugin.gap_urgenet.network import RATE_HZ
    from espnet_plugin.pretrained.gap_part import join, read_part

    network = join({name: read_part(name, path) for name, path in checkpoints.items()})
    whose = filter(None, map(origins.read_origin, checkpoints.values()))
    return Released("gap_urgenet", network.options, network, RATE_HZ, next(whose, None))


def of_network(released: Released, experiment: Path | None = None) -> ZooModel:
    """A network that comes from elsewhere, as ESPnet's enhancement task builds it.

    Args:
        released: the network.
        experiment: folder with scores of its own, if there is one.
    """
    config = {
        **{"encoder": "same", "encoder_conf": {}, "decoder": "same", "decoder_conf": {}},
        "separator": released.separator,
        "separator_conf": json.loads(json.dumps(released.options)),  # no tuples
        **{"mask_module": "multi_mask", "mask_module_conf": {}, "criterions": []},
        **{"model_conf": {"always_forward_in_48k": True} if released.rate_hz == 48000 else {}, "init": None},
        **{"use_adapter": False, "sample_rate": released.rate_hz},
    }
    if released.origin:
        config[origins.KEY] = released.origin
    states = {f"{ESPNET_PREFIX}{name}": tensor for name, tensor in released.network.state_dict().items()}
    return ZooModel(
        config,
        lambda path: torch.save(states, path),
        released.origin,
        parameters=sum(parameter.numel() for parameter in released.network.parameters()),
        experiment=experiment,
    )


def of_experiment(exp_dir: str | Path) -> ZooModel:
    """A model that was trained here.

    Args:
        exp_dir: folder with ``config.yaml`` and ``model.pth``.

    Raises:
        UserError: one of them is missing or damaged.
    """
    exp_dir = Path(exp_dir).resolve()
    for name in (MODEL, CONFIG):
        if not (exp_dir / name).is_file():
            raise UserError(f"{exp_dir / name} does not exist; train the model first (stage 5)")
    try:
        config = yaml.safe_load((exp_dir / CONFIG).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{exp_dir / CONFIG} is damaged; train the model again") from error
    origin = origins.read_origin(exp_dir)
    portable = {key: config[key] for key in (*_TO_BUILD, *_FOR_THE_RECORD) if key in config}
    if origin:
        portable[origins.KEY] = origin
    return ZooModel(
        config_without_paths(portable),
        # The file itself, as ESPnet would follow links.
        lambda path: shutil.copyfile(exp_dir / MODEL, path),
        origin,
        trained=True,
        parameters=_enhanced_with(exp_dir),
        experiment=exp_dir,
        training_config=config,
    )


def _enhanced_with(exp_dir: Path) -> int | None:
    """The number of parameters that stage 6 noted down."""
    for record in sorted(exp_dir.glob("enhanced/*/enhance.stage.json")):
        try:
            return json.loads(record.read_text(encoding="utf-8"))["summary"]["parameters"]
        except (ValueError, KeyError, TypeError):
            continue  # the stage is still running
    return None
