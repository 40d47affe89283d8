"""Stage 6: enhance the test sets with the trained model, or with a given one."""

import shutil
from pathlib import Path
from typing import Any

from espnet_plugin.audio.scp import read_scp, write_scp
from espnet_plugin.config import check_keys, load_config
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.stage import Stage, digest, fingerprint
from espnet_plugin.recipe.evaluation_sets import DataFolder, find_test_sets

OPTIONS = (
    *("model", "device", "dtype", "scan", "window_s", "overlap_s", "crossfade_s", "batch"),
    *("level", "mix", "highband", "branch", "packet_loss"),
)
#: Suffixes of files with weights.
WEIGHTS = (".pt", ".pth", ".safetensors")


def enhance_sets(
    config: str | Path,
    data_dir: str | Path,
    experiment: str | Path,
    force: bool = False,
    checkpoint: str | Path | None = None,
) -> None:
    """Write ``enhanced/<set>/wavs/<id>.wav`` and ``enhanced/<set>/spk1.scp`` below the experiment.

    Args:
        config: YAML file with the name of the model and options of ``espnet_plugin.load``.
        data_dir: data folders of stage 3.
        experiment: trained model of stage 5; gets the speech.
        force: enhance again.
        checkpoint: enhance with this one instead, such as an official file or folder.

    Raises:
        UserError: an unknown key, no trained model or test set, a set that was enhanced with another
            model or other options, or recordings that cannot be enhanced.
    """
    experiment = Path(experiment)
    options = load_config(config)
    check_keys(options, OPTIONS, str(config))
    if checkpoint is None:
        weights = experiment / "model.pth"
        if not weights.is_file():
            raise UserError(
                f"{weights} does not exist; run stage 5 (train) first, or name a model with --checkpoint"
            )
        settings = {**options, "weights": digest(weights.read_bytes())}
    else:
        settings = {**options, "weights": _identity(checkpoint)}
    enhancer = None
    for one in find_test_sets(Path(data_dir)):
        recordings = read_scp(one.noisy_list)
        inputs = digest(one.noisy_list.read_bytes()) + fingerprint(recordings.values())
        stage = Stage(experiment / "enhanced" / one.name, "enhance", settings, inputs, force)
        if stage.finished():
            print(f"{one.name}: {stage.summary['text']} (already done)")
            continue
        if enhancer is None:
            enhancer = _load(options, experiment if checkpoint is None else checkpoint)
        _enhance_set(one, recordings, enhancer, stage)


def _identity(checkpoint: str | Path) -> str:
    """Tells whether a checkpoint is still the same, without reading gigabytes."""
    path = Path(checkpoint).expanduser().resolve()
    files = [path] if path.is_file() else [file for file in path.glob("*") if file.suffix in WEIGHTS]
    return fingerprint(files) if files else str(checkpoint)  # a tag of the hub


def _load(options: dict[str, Any], checkpoint: str | Path):
    import espnet_plugin

    options = dict(options)
    return espnet_plugin.load(options.pop("model", "semamba_pp"), checkpoint, **options)


def _enhance_set(one: DataFolder, recordings: dict[str, Path], enhancer, stage: Stage) -> None:
    from espnet_plugin.enhance.files import enhance_files
    from espnet_plugin.enhance.inputs import Recording
    from espnet_plugin.enhance.plan import plan_jobs
    from espnet_plugin.enhance.runner import InThisProcess

    wavs = stage.folder / "wavs"
    if stage.outdated and wavs.is_dir():
        # Before the record changes: whatever is found beside a new record was made with it.
        shutil.rmtree(wavs)
    stage.start()
    jobs, refused = plan_jobs((Recording(*item) for item in recordings.items()), wavs, ".wav", "PCM_16")
    summary = enhance_files(InThisProcess(lambda: enhancer), jobs, wavs, stage.settings)
    failed = refused + summary.of("failed")
    if failed:
        raise UserError(
            f"{len(failed)} of {len(recordings)} recordings of {one.name} cannot be enhanced "
            f"({failed[0].identifier}: {failed[0].reason}); repair or remove them and run stage 3 again"
        )
    outputs = {outcome.identifier: outcome.target for outcome in summary.outcomes}
    write_scp(stage.folder / "spk1.scp", outputs)
    parameters = sum(parameter.numel() for parameter in enhancer.network.parameters())
    text = f"{len(outputs)} files in {wavs}"
    stage.finish({"text": text, "files": len(outputs), "parameters": parameters})
    print(f"{one.name}: {summary.line()}; {wavs}")
