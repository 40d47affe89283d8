"""From recordings to jobs: where every result goes, and what must not be touched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from espnet_plugin.audio.write import FORMATS
from espnet_plugin.enhance.inputs import Recording
from espnet_plugin.enhance.job import Job, Outcome


def plan_jobs(
    recordings: Iterable[Recording],
    out_dir: Path,
    suffix: str | None = None,
    subtype: str | None = None,
    channels: str | tuple[int, ...] = "each",
    rate_hz: int | None = None,
) -> tuple[list[Job], list[Outcome]]:
    """Give every recording a target.

    Args:
        recordings: what is to be enhanced.
        out_dir: the target is `out_dir/<id><suffix>`, so that an id with slashes keeps its folders.
        suffix: of all results, such as ".wav"; default: each file's own, or ".wav" where that cannot be
            written.
        subtype, channels, rate_hz: see `Job`.

    Returns:
        The jobs in the order of their targets, and the recordings that cannot get one, with the reason.
    """
    recordings = list(recordings)
    sources = {_resolved(recording.path) for recording in recordings}
    jobs: dict[Path, Job] = {}
    refused: list[Outcome] = []
    for recording in recordings:
        own = recording.path.suffix.lower()
        target = out_dir / (recording.identifier + (suffix or (own if own in FORMATS else ".wav")))
        job = Job(recording.identifier, recording.path, target, subtype, channels, rate_hz)
        inside = PurePosixPath(recording.identifier)
        if recording.problem:
            why = recording.problem
        elif not recording.identifier.strip() or inside.is_absolute() or ".." in inside.parts:
            why = f"the id '{recording.identifier}' leads out of the output folder; choose another"
        elif target in jobs:
            other = f"{jobs[target].source} gives the same result {target}"
            why = f"{other}; enhance them apart, or into another format"
        elif _resolved(target) in sources:
            why = f"{target} would overwrite its own input or another; choose another output folder"
        else:
            jobs[target] = job
            continue
        refused.append(job.failed(why))
    return [jobs[target] for target in sorted(jobs)], refused


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return path.absolute()
