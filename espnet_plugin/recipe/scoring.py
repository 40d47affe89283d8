"""Stage 7: score the test sets before and after enhancement."""

from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.overview import write_overview
from espnet_plugin.recipe.stage import finished_record
from espnet_plugin.recipe.evaluation_sets import find_test_sets


def score_experiment(
    data_dir: str | Path,
    experiment: str | Path,
    workers: int = 1,
    reproduce: str = "",
    force: bool = False,
    metrics: list[str] | None = None,
    setup=None,
) -> Path:
    """Write ``scores/``, ``RESULTS.md`` and pictures below the experiment, and print the tables.

    Where other models were scored before, ``RESULTS.md`` beside the experiments compares them all.

    Args:
        data_dir: data folders of stage 3.
        experiment: holds the enhanced speech of stage 6.
        workers: processes.
        reproduce: the command to quote in RESULTS.md.
        force: score again what is scored.
        metrics: names; None for those that need no weights and take seconds.
        setup: `espnet_plugin.scoring.metric.Setup`; None for the defaults.

    Returns:
        The path of RESULTS.md.

    Raises:
        UserError: nothing was enhanced, or a test set only in part.
    """
    from espnet_plugin.scoring.compare import TestSet, score_sets

    experiment = Path(experiment)
    sets, parameters = [], 0
    for one in find_test_sets(Path(data_dir)):
        folder = experiment / "enhanced" / one.name
        record = finished_record(folder / "enhance.stage.json")
        if record is None:
            raise UserError(f"{one.name} is not enhanced yet in {folder}; run stage 6 (enhance) first")
        parameters = record["summary"]["parameters"]
        sets.append(
            TestSet(
                name=one.name,
                noisy_scp=one.noisy_list,
                enhanced_scp=folder / "spk1.scp",
                clean_scp=one.clean_list,
                meta_tsv=one.simulation_table,
                utt2lang=one.folder / "utt2lang",
                text=one.folder / "text",
            )
        )
    results = score_sets(
        sets,
        experiment,
        metrics,
        nj=workers,
        title=f"Results of {experiment.name}",
        model_line=_model_line(experiment, parameters),
        reproduce=reproduce,
        force=force,
        setup=setup,
    )
    overview = write_overview(experiment.parent)
    if overview is not None:
        print(f"all models side by side: {overview}")
    return results


def _model_line(experiment: Path, parameters: int) -> str:
    line = f"{parameters / 1e6:.2f} M parameters"
    history = experiment / "history.csv"
    if history.is_file():
        epochs = len(history.read_text(encoding="utf-8").splitlines()) - 1
        line += f", {epochs} epochs ([training curve](images/training_curve.png))"
    return line
