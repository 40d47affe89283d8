"""The test sets of the recipe's experiments, with what stage 6 made and stage 7 scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from espnet_plugin.audio.scp import read_scp
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.evaluation_sets import DataFolder, find_test_sets
from espnet_plugin.report.listening_set import CLEAN, NOISY, ListeningSet, Track
from espnet_plugin.report.score_folder import read_scores
from espnet_plugin.scoring.breakdown import read_groups


def read_experiments(
    experiments: Sequence[str | Path], data_dir: str | Path | None = None
) -> list[ListeningSet]:
    """All test sets that at least one of the experiments has enhanced; each experiment is a system.

    Args:
        experiments: folders with `enhanced/<set>/spk1.scp` and, after stage 7, `scores/<set>/`.
        data_dir: data folders of stage 3; None: `data` beside the folder that holds the first experiment.

    Raises:
        UserError: no such folder, or no enhanced test set in any of them.
    """
    folders = [Path(experiment).resolve() for experiment in experiments]
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"the experiment {folder} does not exist; correct the path")
    data_dir = folders[0].parents[1] / "data" if data_dir is None else Path(data_dir)
    if not data_dir.is_dir():
        raise UserError(f"the data folders {data_dir} do not exist; name them with --data_dir")
    found = [_read_set(one, folders) for one in find_test_sets(data_dir)]
    sets = [one for one in found if one is not None]
    if not sets:
        raise UserError(f"{folders[0]} holds no enhanced test set; run stage 6 (enhance) first")
    return sets


def _read_set(one: DataFolder, folders: list[Path]) -> ListeningSet | None:
    systems, noisy_scores = [], None
    for folder in folders:
        enhanced, scores = folder / "enhanced" / one.name / "spk1.scp", folder / "scores" / one.name
        if not enhanced.is_file():
            continue
        scored = (scores / "enhanced").is_dir()
        systems.append(
            Track(folder.name, read_scp(enhanced), read_scores(scores / "enhanced") if scored else None)
        )
        if noisy_scores is None and (scores / "noisy").is_dir():
            noisy_scores = read_scores(scores / "noisy")
    if not systems:
        return None
    languages = one.folder / "utt2lang"
    return ListeningSet(
        one.name,
        Track(NOISY, read_scp(one.noisy_list), noisy_scores),
        tuple(systems),
        None if one.clean_list is None else Track(CLEAN, read_scp(one.clean_list)),
        read_groups(one.simulation_table, languages if languages.is_file() else None),
    )
