"""Stages 9 and 10: pack the model of an experiment for ESPnet's model zoo, and upload the pack."""

from dataclasses import replace
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import download
from espnet_plugin.pretrained.upload import Plan, upload
from espnet_plugin.pretrained.zoo_model import (
    CONFIG,
    MODEL,
    ZooModel,
    of_experiment,
    of_network,
    read_released,
)
from espnet_plugin.pretrained.zoo_pack import pack_model
from espnet_plugin.recipe.stage import Stage, fingerprint, finished_record

FOLDER = "pack"
_RECORD = "pack"


def model_of(experiment: str | Path, checkpoint: str | Path | None = None) -> ZooModel:
    """The model of an experiment, with what is known about it.

    Args:
        experiment: folder of the experiment.
        checkpoint: the model with which the experiment enhanced, where none was trained in it: official file
            or folder, .safetensors file, pack, hub tag, or the folder of another experiment.

    Raises:
        UserError: no model, or one that cannot be read.
    """
    experiment = Path(experiment)
    if checkpoint is None:
        if experiment.is_dir() and not _is_experiment(experiment):
            raise UserError(f"{experiment} holds no trained model; run stage 5 (train), or add --checkpoint")
        return of_experiment(experiment)
    if not experiment.is_dir():
        raise UserError(f"the experiment {experiment} does not exist; run stage 6 (enhance) first")
    if _is_experiment(checkpoint):
        return replace(of_experiment(checkpoint), experiment=experiment.resolve())
    return of_network(read_released(checkpoint), experiment.resolve())


def pack_stage(experiment: str | Path, checkpoint: str | Path | None = None, force: bool = False) -> Path:
    """Write ``pack/<experiment>.zip`` below the experiment, or leave one alone that is up to date.

    Args:
        experiment, checkpoint: as of ``model_of``.
        force: pack again.

    Returns:
        The pack.

    Raises:
        UserError: no model, or one that cannot be read.
    """
    experiment = Path(experiment)
    archive = experiment / FOLDER / f"{experiment.resolve().name}.zip"
    inputs = fingerprint(_inputs(experiment, checkpoint))
    stage = Stage(archive.parent, _RECORD, {}, f"{checkpoint} {inputs}", force or not archive.is_file())
    if stage.finished():
        print(f"{archive}: {stage.summary['text']} (already done)")
        return archive
    model = model_of(experiment, checkpoint)
    stage.start()
    pack_model(model, archive, force=True, name=experiment.resolve().name)
    text = f"{archive.stat().st_size / 1e6:.1f} MB for ESPnet's model zoo"
    stage.finish({"text": text, "checkpoint": None if checkpoint is None else str(checkpoint)})
    print(f"{archive}: {text}")
    return archive


def upload_stage(pack_or_experiment: str | Path, repository: str, **options) -> Plan:
    """Upload a pack, or that of an experiment, which is made where it is missing or out of date.

    Args:
        pack_or_experiment: a pack (.zip) or the folder of an experiment.
        repository, options: see ``espnet_plugin.pretrained.upload.upload``.

    Raises:
        UserError: see there, and no model in the experiment.
    """
    pack = Path(pack_or_experiment)
    if pack.is_dir():
        record = finished_record(pack / FOLDER / f"{_RECORD}.stage.json")
        pack = pack_stage(pack, record["summary"]["checkpoint"] if record else None)
    plan = upload(pack, repository, **options)
    for line in told(plan, repository, options.get("dry_run", False)):
        print(line)
    return plan


def told(plan: Plan, repository: str, dry_run: bool) -> list[str]:
    """What an upload has done, or would do."""
    sent = ", ".join(plan.to_send)
    if not dry_run:
        if not plan.to_send:
            return [f"{repository} is up to date: all {len(plan.files)} files are the same, nothing was sent"]
        made = "created" if plan.create else "updated"
        return [f"{repository} {made}: {len(plan.to_send)} of {len(plan.files)} files sent ({sent})"]
    lines = plan.lines()
    if plan.unknown:
        lines.append(f"dry run, nothing was sent, and what differs is not known: {plan.unknown}")
    else:
        would = f"would be created, or cannot be seen without a token, and {len(plan.to_send)}"
        would = would if plan.create else f"exists, and {len(plan.to_send)}"
        lines.append(
            f"dry run, nothing was sent: {repository} {would} of {len(plan.files)} files would be sent"
        )
    if plan.foreign:
        lines.append(f"this tool did not write {', '.join(plan.foreign)} there: replacing needs --overwrite")
    return lines


def _is_experiment(checkpoint: str | Path) -> bool:
    folder = Path(checkpoint).expanduser()
    return all((folder / name).is_file() for name in (MODEL, CONFIG))


def _inputs(experiment: Path, checkpoint: str | Path | None) -> list[Path]:
    """Files of which the pack is made."""
    names = (MODEL, CONFIG, "origin.txt", "README.md", "RESULTS.md", "history.csv")
    files = [experiment / name for name in names]
    files += [*experiment.glob("images/*.png"), *experiment.glob("scores/*/*/scores.json")]
    if checkpoint is not None:
        path = Path(checkpoint).expanduser()
        path = path if path.exists() else download(str(checkpoint))
        files += path.iterdir() if path.is_dir() else [path]
    return [path for path in files if path.is_file()]
