"""Stage 2: one simulated set per split of the corpus."""

from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.names import OWN_SETS


def simulate_sets(
    corpus_dir: str | Path,
    simulated_dir: str | Path,
    config: str | Path,
    seed: int = 0,
    workers: int = 1,
    force: bool = False,
    on_the_fly: bool = False,
) -> None:
    """Draw and render the sets; what is there already is left alone.

    Args:
        corpus_dir: corpus of stage 1.
        simulated_dir: gets one folder per split.
        config: YAML file with the degradations.
        seed: of the draws.
        workers: processes that render.
        force: draw and render again.
        on_the_fly: leave the training set out, since the training degrades its speech itself.

    Raises:
        UserError: no corpus, a mistake in the configuration, sets of other settings, or sources that
            cannot be used.
    """
    from espnet_plugin.simulation.draw import META_FILE, draw
    from espnet_plugin.simulation.render import FAILED_FILE, render

    for name in OWN_SETS:
        split = Path(corpus_dir) / name
        if not (split / "speech.scp").is_file():
            raise UserError(f"{split / 'speech.scp'} does not exist; run stage 1 (corpus) first")
        if on_the_fly and name == "train":
            print(f"{split}: degraded by the training, anew in every epoch")
            continue
        output = Path(simulated_dir) / name
        # Several versions of an utterance help the training; in other sets they would only count it twice.
        repetitions = None if name == "train" else 1
        drawn = draw(config, split, output, seed=seed, repetitions=repetitions, force=force)
        rendered = render(config, output / META_FILE, output, workers)
        if rendered.failed:
            raise UserError(
                f"{rendered.failed} of {drawn.files} files of {output} could not be simulated, see "
                f"{output / FAILED_FILE}; mend or remove their sources and run stages 1 and 2 with --force"
            )
        print(f"{output}: {drawn.files} files, {rendered.made} made now")
