"""Stage 2: one simulated set per split of the corpus."""

from collections.abc import Iterable
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.recipe import challenge_sets, ready_made_sets
from espnet_plugin.recipe.names import OWN_SETS


def simulate_sets(
    corpus_dir: str | Path,
    simulated_dir: str | Path,
    config: str | Path,
    seed: int = 0,
    workers: int = 1,
    force: bool = False,
    on_the_fly: bool = False,
    data_dir: str | Path = "data",
    fixes: Iterable[str] = (),
    only: str | None = None,
    part: tuple[int, int] | None = None,
) -> None:
    """Draw and render the sets; what is there already is left alone.

    Args:
        corpus_dir: corpus of stage 1.
        simulated_dir: gets one folder per split.
        config: YAML file with the degradations, of this package or of the challenge.
        seed: of the draws.
        workers: processes that render.
        force: draw again, and so render again.
        on_the_fly: leave the training set out, since the training degrades its speech itself.
        data_dir: where stage 1 wrote the lists of the challenge.
        fixes: corrections of the challenge's simulation.
        only: ``draw`` or ``render``; None: both.
        part: (k, n): render the k-th of n shares, from 1; what cannot be rendered is left to the call without a
            part.

    Raises:
        UserError: no corpus, a mistake in the configuration, sets of other settings, or sources that
            cannot be used.
    """
    from espnet_plugin.simulation.challenge.settings import is_challenge
    from espnet_plugin.simulation.draw import META_FILE
    from espnet_plugin.simulation.rendering import FAILED_FILE

    if part is not None and only != "render":
        raise UserError("--job belongs to --only render; draw first, in one process")
    if ready_made_sets.is_ready_made(Path(corpus_dir)):
        ready_made_sets.take_over(Path(corpus_dir), Path(simulated_dir), force)
        return
    of_challenge = is_challenge(config)
    if fixes and not of_challenge:
        raise UserError(f"fixes go with the challenge's simulation, which {config} is not; leave them out")
    for name in OWN_SETS:
        split = Path(corpus_dir) / name
        if not (split / "speech.scp").is_file():
            raise UserError(f"{split / 'speech.scp'} does not exist; run stage 1 (corpus) first")
        if on_the_fly and name == "train":
            print(f"{split}: degraded by the training, anew in every epoch")
            continue
        output = Path(simulated_dir) / name
        if of_challenge:
            from espnet_plugin.simulation.challenge.render import render

            placed = challenge_sets.placed_config(output)
            if only != "render":
                challenge_sets.draw_set(Path(config), name, output, Path(data_dir), seed, fixes, force)
        else:
            from espnet_plugin.simulation.draw import draw
            from espnet_plugin.simulation.render import render

            placed = config
            # Several versions of an utterance help the training; in other sets they would only count it twice.
            repetitions = None if name == "train" else 1
            if only != "render":
                draw(config, split, output, seed=seed, repetitions=repetitions, force=force)
        if only == "draw":
            print(f"{output}: drawn")
            continue
        rendered = render(placed, output / META_FILE, output, workers if part is None else 1, part)
        files = rendered.made + rendered.already_there + rendered.failed
        if rendered.failed and part is None:
            raise UserError(
                f"{rendered.failed} of {files} files of {output} could not be simulated, see "
                f"{output / FAILED_FILE}; mend or remove their sources and run stages 1 and 2 with --force"
            )
        print(f"{output}: {files} files, {rendered.made} made now")
