"""Stage 8: make the submission from the enhanced speech of one test set."""

import sys
from pathlib import Path

from espnet_plugin.audio.scp import read_scp
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.evaluation_sets import DataFolder, find_test_sets
from espnet_plugin.recipe.names import OWN_SETS
from espnet_plugin.recipe.stage import Stage, finished_record, fingerprint


def package_experiment(
    data_dir: str | Path,
    experiment: str | Path,
    readme: str | Path,
    set_name: str | None = None,
    workers: int = 1,
    force: bool = False,
) -> int:
    """Write ``submission/<set>/submission.zip`` below the experiment.

    Args:
        data_dir: data folders of stage 3.
        experiment: holds the enhanced speech of stage 6.
        readme: the filled README.yaml.
        set_name: the test set; by default the one that is not the corpus's own, or the only one.
        workers: processes.
        force: make it again.

    Returns:
        The exit code: 2 where the submission has problems, which are then printed; nothing is written.

    Raises:
        UserError: no such set or several to choose from, speech that is not enhanced, or no README.yaml.
    """
    from espnet_plugin.submission.package import make_package

    one = _choose(find_test_sets(Path(data_dir)), set_name)
    folder = Path(experiment) / "enhanced" / one.name
    if finished_record(folder / "enhance.stage.json") is None:
        raise UserError(f"{one.name} is not enhanced yet in {folder}; run stage 6 (enhance) first")
    enhanced, noisy = read_scp(folder / "spk1.scp"), read_scp(one.noisy_list)
    archive = Path(experiment) / "submission" / one.name / "submission.zip"
    inputs = fingerprint([readme, one.noisy_list, *enhanced.values(), *noisy.values()])
    stage = Stage(archive.parent, "package", {}, inputs, force or not archive.is_file())
    if stage.finished():
        print(f"{archive}: {stage.summary['text']} (already done)")
        return 0
    stage.start()
    package = make_package(enhanced, noisy, readme, archive, workers, force=True)
    for problem in package.problems:
        print(f"stage 8: {problem}", file=sys.stderr)
    if package.problems:
        archive.unlink(missing_ok=True)  # made from other speech or another README.yaml
        return 2
    stage.finish({"text": package.line()})
    print(f"{archive}: {package.line()}")
    return 0


def _choose(sets: list[DataFolder], set_name: str | None) -> DataFolder:
    extra = [one for one in sets if one.name not in OWN_SETS]
    if set_name is not None:
        chosen = [one for one in sets if one.name == set_name]
    else:
        chosen = extra or sets
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(one.name for one in sets)
    if set_name is not None:
        raise UserError(f"there is no test set {set_name}; --submission_set takes one of {names}")
    raise UserError(f"several test sets could be submitted; choose by --submission_set: {names}")
