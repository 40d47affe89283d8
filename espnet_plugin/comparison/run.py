"""A whole comparison: enhance, score, measure, write."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.audio.read import audio_info
from espnet_plugin.benchmark.table import describe_machine
from espnet_plugin.comparison import picture, table
from espnet_plugin.comparison.system import COST, ENHANCED, SCORES, System
from espnet_plugin.errors import UserError
from espnet_plugin.scoring import table as score_table
from espnet_plugin.scoring.compare import METRICS
from espnet_plugin.scoring.metric import Setup
from espnet_plugin.scoring.pool import Workers
from espnet_plugin.scoring.registry import choose, make
from espnet_plugin.scoring.run import score_files
from espnet_plugin.scoring.scores import Scores

PAGE, NUMBERS, PICTURE = "COMPARISON.md", "comparison.json", "comparison.png"
NOISY = "noisy"
#: Differs from run to run.
_LOAD = "load before the first run"


def compare(
    systems: Sequence[System],
    noisy: Mapping[str, Path],
    clean: Mapping[str, Path] | None,
    output_dir: Path,
    metrics: Iterable[str] | None = None,
    nj: int = 1,
    seconds: float = 10.0,
    rounds: int = 3,
    force: bool = False,
    setup: Setup | None = None,
) -> bool:
    """Enhance recordings with each model, score them, measure the models, print and write the tables.

    What is done is not done again: enhanced files, scores, and costs on this machine.

    Args:
        systems: the models; the others are compared with the first one.
        noisy: id -> recording.
        clean: id -> reference; None for metrics that need none. Recordings without one are left out.
        output_dir: gets ``COMPARISON.md``, ``comparison.json``, ``comparison.png`` and a folder per model.
        metrics: names; None for those that need no weights and take seconds.
        nj: processes that score.
        seconds: length of the recording that costs are measured on; 0 measures none.
        rounds: measured runs; the medians count.
        force: do everything again.
        setup: where weights of metrics lie and which device computes them.

    Returns:
        Whether all recordings were enhanced and scored.

    Raises:
        UserError: no recordings in common, or a model or metric that cannot be had.
    """
    remarks: list[str] = []
    chosen = choose(METRICS if metrics is None else metrics)
    if clean is None:
        chosen = [name for name in chosen if not make(name).needs_reference] or chosen
    elif without := noisy.keys() - clean.keys():
        if len(without) == len(noisy):
            raise UserError(
                f"no reference has the id of a recording, such as {min(without)}; ids are the paths in both "
                "folders without suffix, or the first column of lists"
            )
        remarks.append(f"{len(without)} recordings without reference are left out, such as {min(without)}")
        noisy = {uid: path for uid, path in noisy.items() if uid in clean}
    references = None if clean is None else {uid: clean[uid] for uid in noisy}
    failed = False
    with Workers(nj) as workers:

        def score(name: str, files: Mapping[str, Path]) -> Scores:
            folder = output_dir / name / SCORES
            wanted = None if references is None else {uid: references[uid] for uid in files}
            scores = score_files(files, wanted, folder, chosen, workers, force, label=name, setup=setup)
            notes = score_table.remarks(scores)
            # What no set has is said once.
            remarks.extend(f"{name}: {note}" for note in notes if not any(note in one for one in remarks))
            return scores

        before = score(NOISY, noisy)  # first, as it tells what is missing before the long work
        for one in systems:
            enhanced, refused = one.enhance(noisy, output_dir / one.name / ENHANCED, force)
            remarks += [f"{one.name}: {outcome.identifier} FAILED: {outcome.reason}" for outcome in refused]
            if not enhanced:
                raise UserError(f"{one.name} enhanced nothing ({refused[0].identifier}: {refused[0].reason})")
            one.scores = score(one.name, enhanced)
            failed = failed or bool(refused) or bool(one.scores.errors)
    facts = {}
    if seconds:
        facts = describe_machine()
        lasting = {name: value for name, value in facts.items() if name != _LOAD}
        rate_hz = _usual_rate_hz(noisy)
        case = {"seconds": seconds, "rounds": rounds, "rate_hz": rate_hz}
        for one in systems:
            print(f"{one.name}: measuring on {seconds:g} s of audio, {rounds} times", flush=True)
            one.measure(case, lasting, output_dir / one.name / COST, force)
            if one.note:
                remarks.append(f"{one.name} could not be measured: {one.note}")
        at = f"{rate_hz} Hz" if rate_hz else "the model's rate"
        facts |= {"measured on": f"{seconds:g} s at {at}, median of {rounds}"}
    write_text(output_dir / NUMBERS, table.as_json(before, systems, facts))
    drawn = any(one.cost for one in systems)
    if drawn:
        picture.draw(output_dir / PICTURE, before, systems)
    page = table.markdown(before, systems, facts, remarks, PICTURE if drawn else None)
    write_text(output_dir / PAGE, page)
    shown = [score_table.text(table.quality_rows(before, systems))]
    if drawn:
        shown.append(score_table.text(table.cost_rows(systems)))
    score_table.show("\n" + "\n".join([*shown, *remarks]))
    print(f"written: {output_dir / PAGE}")
    return not failed and not before.errors and not any(one.note for one in systems)


def _usual_rate_hz(files: Mapping[str, Path]) -> int | None:
    """The rate of most recordings; None if none of them can be read without decoding it."""
    rates_hz: Counter[int] = Counter()
    for path in files.values():
        with contextlib.suppress(UserError):  # has been told as a recording that failed
            rates_hz[audio_info(path)[2]] += 1
    return rates_hz.most_common(1)[0][0] if rates_hz else None
