"""Stage 5: train a model, or leave a finished one alone."""

from pathlib import Path


def train_model(
    train_config: Path,
    data_dir: Path,
    statistics_dir: Path,
    experiment: Path,
    ngpu: int = 0,
    cores: int = 1,
    seed: int = 0,
    force: bool = False,
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

    Returns:
        The model file.

    Raises:
        UserError: see ``espnet_plugin.espnet_modules.train_stage.train``.
    """
    from espnet_plugin.espnet_modules.train_stage import train

    loaders = max(1, min(cores - 1, 8))
    model = train(train_config, data_dir, statistics_dir, experiment, ngpu, loaders, seed, force)
    curve = experiment / "images" / "training_curve.png"
    print(f"trained model: {model}" + (f", training curve: {curve}" if curve.is_file() else ""))
    return model
