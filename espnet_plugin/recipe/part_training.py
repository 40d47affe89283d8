"""Stage 5 for GAP-URGENet: its five networks one after the other, and the model that they make together."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.atomic_write import write_text
from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.launch import Launch
from espnet_plugin.espnet_modules.meeting import Meeting
from espnet_plugin.recipe.stage import Stage, fingerprint

#: In the order of training.
PARTS = ("encoder", "vocoder", "adapter", "predictor", "postnet")
ALL = "all"
#: Afterwards, if wanted: vocoder and PostNet together, from where they stand.
JOINT = "joint"
#: Further names: that of the encoder after its training.
ALIASES = {"dewavlm": "encoder"}
#: Stands for the name of the part in the name of a configuration.
PLACE = "PART"
MODEL, CONFIG = "model.pth", "config.yaml"


def train_parts(
    which: str,
    configs: Path,
    data_dir: Path,
    statistics_dir: Path,
    experiment: Path,
    ngpu: int = 0,
    cores: int = 1,
    seed: int = 0,
    force: bool = False,
    degradation: Path | None = None,
    corpus_dir: Path | None = None,
    teacher: str | None = None,
    init: str | None = None,
    frozen_cache: Path | None = None,
) -> Path:
    """Train parts into ``experiment/<part>``, each from what the ones before left; then put all together.

    What is finished is left alone, what was interrupted goes on.

    Args:
        which: a part, ``dewavlm`` for the encoder, ``all`` five, or ``joint``: vocoder and PostNet of the
            experiment, or else of ``init``, learn together, and the whole model holds what comes of it.
        configs: YAML file of a training, with ``PART`` in place of the name of the part.
        data_dir, statistics_dir, ngpu, cores, seed, degradation, corpus_dir: as of ``train_model``.
        experiment: gets a folder per part and, as soon as all five are there, the whole model.
        force: train these parts again from the start.
        teacher: WavLM-Large, from which encoder, vocoder and adapter learn, see
            ``espnet_plugin.pretrained.gap_part.read_part``; default: the encoder of ``init``.
        init: checkpoint of all five to start from; it also stands in for parts that have not been trained.
        frozen_cache: as of ``train_model``.

    Returns:
        The experiment's folder.

    Raises:
        UserError: no such part, a part whose predecessors are missing, or see ``train_model``.
    """
    from espnet_plugin.recipe.training import train_model

    parts, launch = chosen_parts(which), Launch.from_environment(os.environ)
    if len(parts) > 1 and PLACE not in configs.name:
        raise UserError(
            f"{configs} would be the configuration of all parts; write {PLACE} where their names differ, "
            f"such as gap_{PLACE}.yaml"
        )
    with Meeting(launch) as meeting:
        for part in parts:
            placed, start, written = meeting.from_first(
                lambda part=part: _prepared(part, configs, experiment, teacher, init)
            )
            meeting.wait_for_files(written)
            meeting.new_port()
            if launch.leads:
                count = f"{1 + PARTS.index(part)} of {len(PARTS)}: " if part in PARTS else ""
                print(f"part {count}{part}", flush=True)
            train_model(
                Path(placed),
                data_dir,
                statistics_dir,
                experiment / part,
                ngpu,
                cores,
                seed,
                force,
                degradation=degradation,
                corpus_dir=corpus_dir,
                init=start,
                frozen_cache=frozen_cache,
            )
        if launch.leads:
            _put_together(experiment, init)
    return experiment


def chosen_parts(which: str) -> tuple[str, ...]:
    """The parts that a name stands for, in the order of training.

    Raises:
        UserError: it stands for none.
    """
    part = ALIASES.get(which, which)
    if part not in (ALL, *PARTS, JOINT):
        raise UserError(f"there is no part '{which}'; choose {', '.join((ALL, *ALIASES, *PARTS, JOINT))}")
    return PARTS if part == ALL else (part,)


def _prepared(
    part: str, configs: Path, experiment: Path, teacher: str | None, init: str | None
) -> tuple[str, str | dict[str, str] | None, dict[str, int]]:
    """Write a part's configuration; its path, what it starts from, and sizes of files of this experiment."""
    from espnet_plugin.training.parts import PARTS as TRAININGS
    from espnet_plugin.training.parts import networks_of

    config_file = configs.with_name(configs.name.replace(PLACE, part))
    config = load_config(config_file)
    if config.get("part") != part:
        raise UserError(f"{config_file} trains the part '{config.get('part')}', not the {part}")
    frozen = {
        name: _source(part, name, experiment, teacher, init)
        for name in TRAININGS[part].FROZEN
        if name not in (config.get("frozen") or {})
    }
    placed = _place(config_file, config, frozen, experiment / f"{part}.yaml").resolve()
    start = {}
    if part == JOINT:
        start = {name: _source(part, name, experiment, teacher, init) for name in networks_of(part)}
    sources = (*frozen.values(), *start.values())
    read = [placed, *(Path(source) / name for source in sources for name in (MODEL, CONFIG))]
    return str(placed), start or init, {str(path): path.stat().st_size for path in read if path.is_file()}


def _source(part: str, name: str, experiment: Path, teacher: str | None, init: str | None) -> str:
    """Where a network comes from that is frozen, or that a joint training starts from."""
    if name == "teacher" or part == "vocoder":
        if teacher or init:
            return _absolute(teacher or init)
        raise UserError(
            f"the {part} learns from a WavLM-Large: give --teacher, a folder of microsoft/wavlm-large for "
            "transformers or the file WavLM-Large.pt of Microsoft"
        )
    if (experiment / name / MODEL).is_file():
        return str((experiment / name).resolve())
    if init:
        return _absolute(init)
    raise UserError(
        f"--train_part {part} needs the {name}: run --train_part {name} first, or give --init, a "
        "checkpoint of all five"
    )


def _absolute(checkpoint: str) -> str:
    path = Path(checkpoint).expanduser()
    return str(path.resolve()) if path.exists() else checkpoint  # a tag of the hub, or 'random'


def _place(config_file: Path, config: Mapping[str, Any], frozen: Mapping[str, str], path: Path) -> Path:
    """Write the configuration of a part with the files of its frozen networks."""
    content: dict[str, Any] = {"base": str(config_file.resolve()), "frozen": dict(frozen)}
    if config.get("degradation"):  # counts from the folder of the configuration, see fresh_degradation
        folders = [Path.cwd(), *config_file.resolve().parents]
        found = [folder / config["degradation"] for folder in folders]
        content["degradation"] = str(next(filter(Path.is_file, found), config["degradation"]))
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return path


def _put_together(experiment: Path, init: str | None) -> None:
    """Write the whole model into the experiment, in the form of ESPnet, unless it is there already."""
    trained = _trained(experiment)
    missing = [part for part in PARTS if part not in trained]
    if missing and not init:
        print(f"the whole model needs {', '.join(missing)} as well: --train_part {missing[0]}")
        return
    sources = {part: str(trained.get(part, init)) for part in PARTS}
    # Not a setting: with another checkpoint or newly trained parts it is simply made again.
    inputs = fingerprint(folder / MODEL for folder in {*trained.values()}) + (str(init) if missing else "")
    stage = Stage(experiment, "whole", {}, inputs)
    if stage.finished() and (experiment / MODEL).is_file():
        return
    from espnet_plugin.pretrained.load import write_renamed
    from espnet_plugin.pretrained.zoo_model import of_network, read_parts

    stage.start()
    whole = of_network(read_parts(sources))
    write_renamed(experiment / MODEL, whole.write_weights)
    write_text(experiment / CONFIG, yaml.safe_dump(whole.config, sort_keys=False))
    stage.finish({"parameters": whole.parameters})
    print(f"the whole model: {experiment / MODEL}, {whole.parameters:,} parameters")


def _trained(experiment: Path) -> dict[str, Path]:
    """The networks that have been trained, and in which folder."""
    alone = {part: experiment / part for part in PARTS if (experiment / part / MODEL).is_file()}
    joint = experiment / JOINT
    if not (joint / MODEL).is_file():
        return alone
    from espnet_plugin.espnet_modules.train_stage import checkpoint_identity, start_of
    from espnet_plugin.training.parts import networks_of

    together = dict.fromkeys(networks_of(JOINT), joint)
    start = start_of(joint) or {}
    for name in together:
        if name in alone and start.get(name) != checkpoint_identity(alone[name]):
            print(
                f"the {name} was trained anew after {joint}, which is left out therefore: train it again by "
                f"--train_part {JOINT} --force"
            )
            return alone
    return alone | together
