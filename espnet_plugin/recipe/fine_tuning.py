"""Further training of a released model on a user's own folders, all stages in one folder."""

from pathlib import Path

import yaml

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError

CONFIGURATIONS = Path(__file__).resolve().parents[2] / "conf"
TRAIN_CONFIG = CONFIGURATIONS / "train" / "fine_tune.yaml"
SIMULATE_CONFIG = CONFIGURATIONS / "simulate" / "restoration.yaml"


def fine_tune(
    checkpoint: str,
    output_dir: Path,
    clean_dir: Path,
    noise_dir: Path,
    rir_dir: Path | None = None,
    train_config: Path = TRAIN_CONFIG,
    simulate_config: Path = SIMULATE_CONFIG,
    wiring: str | None = None,
    ngpu: int = 0,
    cores: int = 1,
    seed: int = 0,
    force: bool = False,
) -> Path:
    """Train a model further on clean speech that is degraded anew in every epoch.

    A twentieth of each folder is kept apart for validation, and another for a test. The same call goes on
    after an interruption and does nothing where all is done.

    Args:
        checkpoint: official file, one of ours, an experiment folder, a pack or a hub tag.
        output_dir: gets the lists, the validation and test set, and the trained model in ``model/``.
        clean_dir: clean speech, best at 16 kHz or more; sub-folders are taken for speakers.
        noise_dir, rir_dir: noise and, if any, room impulse responses.
        train_config: how to train; its network is replaced by that of the checkpoint.
        simulate_config: the degradations.
        wiring: "old" for checkpoints from before August 2026.
        ngpu: GPUs; 0 trains on the CPU.
        cores: CPU cores that may be used.
        seed: of simulation and training.
        force: start over.

    Returns:
        Folder of the trained model, which ``espnet_plugin.load`` reads as it reads the checkpoint.

    Raises:
        UserError: a folder or file is missing or cannot be used, or the training failed.
    """
    from espnet_plugin.recipe.training import train_model

    for path in (train_config, simulate_config):
        if not path.is_file():
            raise UserError(f"{path} does not exist; name the file, or work from a clone of the repository")
    config = _with_network_of(checkpoint, train_config, output_dir / "fine_tune.yaml", wiring)
    corpus, data, statistics = prepare(
        output_dir, clean_dir, noise_dir, rir_dir, simulate_config, cores, seed, force
    )
    train_model(
        config,
        data,
        statistics,
        output_dir / "model",
        ngpu,
        cores,
        seed,
        force,
        degradation=simulate_config,
        corpus_dir=corpus,
        init=checkpoint,
    )
    return output_dir / "model"


def prepare(
    output_dir: Path,
    clean_dir: Path,
    noise_dir: Path,
    rir_dir: Path | None,
    simulate_config: Path,
    cores: int = 1,
    seed: int = 0,
    force: bool = False,
) -> tuple[Path, Path, Path]:
    """Stages 1 to 4 on a user's folders; only the validation and the test set are degraded here.

    Args:
        output_dir, clean_dir, noise_dir, rir_dir, simulate_config, cores, seed, force: as of ``fine_tune``.

    Returns:
        Folders of the corpus, the data and the statistics.

    Raises:
        UserError: a folder or file is missing or cannot be used.
    """
    from espnet_plugin.recipe.corpus import prepare_corpus
    from espnet_plugin.recipe.data_folder import format_data
    from espnet_plugin.recipe.data_statistics import make_statistics
    from espnet_plugin.recipe.simulated_sets import simulate_sets

    names = ("corpus", "simulated", "data", "statistics")
    corpus, simulated, data, statistics = (output_dir / name for name in names)
    prepare_corpus("folder", corpus, clean_dir, noise_dir, rir_dir, force=force)
    simulate_sets(corpus, simulated, simulate_config, seed, cores, force, on_the_fly=True)
    format_data(data, simulated, corpus, threads=cores, force=force, on_the_fly=True)
    make_statistics(data, simulated, statistics, force)
    return corpus, data, statistics


def _with_network_of(checkpoint: str, train_config: Path, path: Path, wiring: str | None) -> Path:
    """Write the training configuration for the network of a checkpoint."""
    from espnet_plugin.pretrained.load import read_checkpoint

    options = read_checkpoint(checkpoint).options
    if wiring is not None:
        options = {**options, "wiring": wiring}
    content = {"base": str(train_config.resolve()), "separator": "semamba_pp", "separator_conf": options}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, yaml.safe_dump(content, sort_keys=False))
    return path
