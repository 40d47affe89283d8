"""Training on clean speech that is degraded anew in every epoch: which files that takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.fresh_mixer import WIND_LIST
from espnet_plugin.simulation.sources import NOISE_LIST, RESPONSE_LIST

#: Key of a training's configuration.
KEY = "degradation"


@dataclass(frozen=True)
class FreshDegradation:
    """Degradations and what they are made of.

    Attributes:
        settings: YAML file of the degradations.
        corpus: folder of the training split of a corpus.
    """

    settings: Path
    corpus: Path

    def content(self) -> dict[str, Any]:
        """The degradations with their base merged in: what a training is told apart by."""
        return load_config(self.settings)

    def lists(self) -> dict[str, Path]:
        """The lists of noises, winds and rooms by name, as far as they exist."""
        lists = {f"corpus/{name}": self.corpus / name for name in (NOISE_LIST, WIND_LIST, RESPONSE_LIST)}
        return {name: path for name, path in lists.items() if path.is_file()}

    def options(self) -> list[str]:
        """For the command line of the training."""
        return ["--degradation", str(self.settings), "--degradation_corpus", str(self.corpus)]


def fresh_degradation(
    config: Mapping[str, Any], train_config: Path, chosen: Path | None = None, corpus_dir: Path | None = None
) -> FreshDegradation | None:
    """What a training asks for; None where it reads speech that is degraded already.

    Args:
        config: of the training. A relative path under ``degradation`` counts from the working folder, or from
            the folder of ``train_config`` or one above it.
        train_config: where ``config`` was read.
        chosen: YAML file of the degradations instead of the configuration's.
        corpus_dir: the corpus, with a folder per split; default: the configuration's ``degradation_corpus``.

    Raises:
        UserError: a file or folder is missing, or no corpus is named.
    """
    wanted = chosen or config.get(KEY)
    if wanted is None:
        return None
    places = [Path(), *train_config.resolve().parents]
    settings = next((place / wanted for place in places if (place / wanted).is_file()), None)
    if settings is None:
        raise UserError(
            f"{wanted} does not exist; name a file of degradations, such as conf/simulate/restoration.yaml"
        )
    corpus = config.get(f"{KEY}_corpus") if corpus_dir is None else Path(corpus_dir) / "train"
    if corpus is None:
        raise UserError("degrading while training needs noises: give --corpus_dir, the corpus of stage 1")
    if not Path(corpus).is_dir():
        raise UserError(f"the corpus {corpus} does not exist; run stage 1 (corpus) first")
    return FreshDegradation(settings.resolve(), Path(corpus).resolve())
