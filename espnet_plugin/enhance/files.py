"""Many recordings: what is done already, what fails, and a summary."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from espnet_plugin.audio.read import audio_info
from espnet_plugin.enhance.job import Job, Outcome
from espnet_plugin.enhance.progress import Progress
from espnet_plugin.enhance.record import Record
from espnet_plugin.enhance.runner import Runner
from espnet_plugin.errors import UserError

#: Headers that tell of more lie.
LONGEST_S = 1e6


@dataclass
class Summary:
    """What happened to a list of recordings.

    Attributes:
        outcomes: of every file.
        wall_s: seconds that took, without loading the model in this process.
        memory_gib: largest memory of a process.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    wall_s: float = 0.0
    memory_gib: float = 0.0

    def of(self, status: str) -> list[Outcome]:
        """Those with a status: "enhanced", "skipped" or "failed"."""
        return [outcome for outcome in self.outcomes if outcome.status == status]

    def line(self) -> str:
        """The summary for people."""
        done = self.of("enhanced")
        text = f"{len(done)} enhanced, {len(self.of('skipped'))} were there already"
        audio_s = sum(outcome.audio_s for outcome in done)
        if audio_s:
            text += f"; {audio_s:.1f} s of audio in {self.wall_s:.1f} s"
            text += f" (real-time factor {self.wall_s / audio_s:.2f})"
        if done and self.memory_gib:
            text += f", {self.memory_gib:.1f} GiB of memory"
        clipped = [outcome for outcome in done if outcome.clipped]
        if clipped:
            text += f"; {len(clipped)} reached full scale and were clipped"
        if self.of("failed"):
            text += f"; {len(self.of('failed'))} FAILED"
        return text


def enhance_files(
    runner: Runner,
    jobs: Sequence[Job],
    out_dir: str | Path,
    settings: Mapping[str, Any],
    force: bool = False,
    progress: bool = True,
) -> Summary:
    """Do all jobs that are not done yet.

    Args:
        runner: does them; it is not opened if there is nothing to do.
        jobs: see `plan_jobs`.
        out_dir: all targets lie in it; made if missing, and holds a record of what was made how.
        settings: model and options; results that were made with others are an error.
        force: enhance again what is there already, whatever it is. Each file stays until the new one is
            whole; after an interruption a run without `force` replaces the others. (So does the file of a
            recording that has changed, also if that one fails.)
        progress: show how far it is.

    Returns:
        A summary; files that cannot be enhanced are in it and do not stop the others.

    Raises:
        UserError: results of other settings, a folder that cannot be written to, or a model that cannot be
            loaded.
    """
    out_dir = Path(out_dir)
    record = Record(out_dir, settings)
    names = {job.target: job.target.relative_to(out_dir).as_posix() for job in jobs}
    there = [job for job in jobs if _exists(job.target)]
    if not force:
        record.check([names[job.target] for job in there])
    outcomes: dict[Path, Outcome] = {}
    outdated: set[Path] = set()
    for job in there:
        own = record.made_from(names[job.target], job.source)
        if job.target.is_dir():
            outcomes[job.target] = job.failed(f"{job.target} is a folder; rename it")
        elif force or own is False:
            outdated.add(job.target)
        elif own is None or not job.fits():
            why = f"{job.target} exists and is no result of this file; add --force to replace it"
            outcomes[job.target] = job.failed(why)
        else:
            outcomes[job.target] = Outcome(job.identifier, job.source, job.target, "skipped")
    todo = [job for job in jobs if job.target not in outcomes]

    def begin() -> None:
        older = {names[target] for target in outdated}
        record.note({names[job.target]: job.source for job in todo}, older)

    def ended(outcome: Outcome) -> None:
        if outcome.status == "enhanced" and outcome.target in outdated:
            with contextlib.suppress(UserError):  # the next run would make it once more
                record.replaced(names[outcome.target])

    summary = Summary()
    if todo:
        run_jobs(runner, todo, summary, begin, ended, progress)
    outcomes |= {outcome.target: outcome for outcome in summary.outcomes}
    summary.outcomes = [outcomes[job.target] for job in jobs]
    return summary


def run_jobs(
    runner: Runner,
    jobs: Sequence[Job],
    summary: Summary,
    begin: Callable[[], object] = lambda: None,
    ended: Callable[[Outcome], object] = lambda outcome: None,
    progress: bool = True,
) -> None:
    """Do jobs, whatever is there, and note in a summary what came of them.

    Args:
        begin: called when the model is loaded, so that nothing is lost for one that cannot be.
        ended: called with what came of each job.
    """
    with runner:
        begin()
        started = time.perf_counter()
        expected_s = {job.target: _length_s(job.source) for job in jobs}
        shown = Progress(sum(expected_s.values()), len(jobs), progress)
        try:
            for outcome in runner.outcomes(jobs, shown.heard):
                summary.outcomes.append(outcome)
                ended(outcome)
                shown.finished(expected_s[outcome.target], outcome.audio_s)
        finally:
            shown.close()
        summary.wall_s = time.perf_counter() - started
        summary.memory_gib = runner.memory_gib


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name that is too long, which the attempt to write will tell
        return False


def _length_s(path: Path) -> float:
    try:
        samples, _, rate_hz = audio_info(path)
    except UserError:
        return 0.0
    return min(samples / rate_hz, LONGEST_S)
