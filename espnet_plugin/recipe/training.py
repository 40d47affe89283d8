"""Stage 5: train a model, or leave a finished one alone."""

import os
from collections.abc import Mapping
from pathlib import Path

from espnet_plugin.espnet_modules.launch import Launch


def train_model(
    train_config: Path,
    data_dir: Path,
    statistics_dir: Path,
    experiment: Path,
    ngpu: int = 0,
    cores: int = 1,
    seed: int = 0,
    force: bool = False,
    enh_task: str = "auto",
    degradation: Path | None = None,
    corpus_dir: Path | None = None,
    init: str | Mapping[str, str] | None = None,
    teacher: str | None = None,
    frozen_cache: Path | None = None,
) -> Path:
    """Train on the data folders, go on after an interruption, or do nothing where it is finished.

    Args:
        train_config: YAML file of model and training.
        data_dir: data folders of stage 3.
        statistics_dir: shape files of stage 4.
        experiment: folder of the experiment.
        ngpu: GPUs; 0 trains on the CPU.
        cores: CPU cores that may be used; one is left for the training itself.
        seed: of the training.
        force: train again from the start.
        enh_task: ``gan`` trains against discriminators, ``enh`` without, ``auto`` as the configuration says.
        degradation: YAML file of degradations: degrade clean training speech anew in every epoch.
        corpus_dir: corpus of stage 1, which gives noises and rooms for that.
        init: checkpoint to start from, or one for each network by name.
        teacher: GAP-URGENet that a student learns from.
        frozen_cache: folder that keeps what frozen networks give.

    Returns:
        The model file.

    Raises:
        UserError: see ``espnet_plugin.espnet_modules.train_stage.train``.
    """
    from espnet_plugin.espnet_modules.train_stage import train

    loaders = max(1, min(cores - 1, 8))
    model = train(
        train_config,
        data_dir,
        statistics_dir,
        experiment,
        ngpu,
        loaders,
        seed,
        force,
        enh_task,
        degradation,
        corpus_dir,
        init,
        teacher,
        frozen_cache,
    )
    if Launch.from_environment(os.environ).leads:
        _tell(model, experiment)
    return model


def _tell(model: Path, experiment: Path) -> None:
    curve = experiment / "images" / "training_curve.png"
    print(f"trained model: {model}" + (f", training curve: {curve}" if curve.is_file() else ""))
