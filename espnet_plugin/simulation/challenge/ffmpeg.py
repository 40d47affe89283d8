"""The program ffmpeg, which plays the codecs and the wind mixer.

To start the program takes longer than what it does with a few seconds of audio. So the steps that need it are
generators: they yield a job and are sent its result, and `together` lets many of them share one process.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import subprocess
import tempfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from espnet_plugin.audio import decode
from espnet_plugin.errors import UserError, pip_command

COMMON_OPTIONS = (
    "-hide_banner", "-nostdin", "-y", "-loglevel", "error", "-threads", "1", "-filter_complex_threads", "1",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One file through ffmpeg.

    Attributes:
        given: content of the file.
        given_options: what ffmpeg has to know of it.
        options: of the result.
        filters: graph from `[{given}]` to `[{result}]`, or None.
    """

    given: bytes
    given_options: tuple[str, ...]
    options: tuple[str, ...]
    filters: str | None = None


Result = TypeVar("Result")
#: Work that yields jobs, is sent the contents of the resulting files, and returns something.
Work = Generator[Job, bytes, Result]


@functools.cache
def ffmpeg_program() -> str:
    """Path of the program: the one on PATH, else that of the package imageio-ffmpeg.

    Raises:
        UserError: there is none.
    """
    found = decode.ffmpeg_program()
    if found is None:
        raise UserError(
            "codecs and wind noise need the program ffmpeg, which is not on PATH; "
            f"install it (apt-get install ffmpeg), or {pip_command('corpus')}"
        )
    return found


@functools.cache
def quick_ffmpeg_program() -> str:
    """The program that starts fastest: that of imageio-ffmpeg is one file, while those of distributions link
    some hundred libraries. Its results may differ in the last bits (Opus in more).

    Raises:
        UserError: there is none.
    """
    return decode.bundled_ffmpeg_program() or ffmpeg_program()


def together(
    works: Sequence[Work[Result]], find_program: Callable[[], str] = ffmpeg_program
) -> list[Result | Exception]:
    """Let several works come to their end, whose jobs run in the same processes as far as possible.

    Args:
        works: what is to be done.
        find_program: gives the path of ffmpeg; is called where there is a job.

    Returns:
        for each work what it returned, or the error it ended with.
    """
    results: list[Any] = [None] * len(works)
    answers: dict[int, bytes | Exception | None] = dict.fromkeys(range(len(works)))
    while answers:
        jobs: dict[int, Job] = {}
        for place, answer in answers.items():
            work = works[place]
            try:
                jobs[place] = work.throw(answer) if isinstance(answer, Exception) else work.send(answer)
            except StopIteration as end:
                results[place] = end.value
            except Exception as error:
                results[place] = error
        answers = dict(zip(jobs, _results(list(jobs.values()), find_program), strict=True))
    return results


def alone(work: Work[Result], find_program: Callable[[], str] = ffmpeg_program) -> Result:
    """What a work returns; arguments as for `together`.

    Raises:
        Exception: what the work raises.
    """
    (result,) = together([work], find_program)
    if isinstance(result, Exception):
        raise result
    return result


def _results(jobs: Sequence[Job], find_program: Callable[[], str]) -> list[bytes | Exception]:
    if not jobs:
        return []
    try:
        return _run(jobs, find_program())
    except (UserError, OSError) as error:
        if len(jobs) == 1:
            return [error]
        # To find out which one it was.
        return [result for job in jobs for result in _results([job], find_program)]


def _run(jobs: Sequence[Job], program: str) -> list[bytes]:
    """Run all jobs in one process.

    Through nameless files, of which nothing can be left behind. Not through pipes: ffmpeg could not complete
    the header of an MP3 file.
    """
    with contextlib.ExitStack() as stack:
        inputs, outputs, descriptors, results = [], [], [], []
        for number, job in enumerate(jobs):
            given, result = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            given.write(job.given)
            given.flush()
            descriptors += [given.fileno(), result.fileno()]
            inputs += [*job.given_options, "-i", f"/dev/fd/{given.fileno()}"]
            source = f"{number}:a"
            if job.filters is not None:
                graph = job.filters.format(given=source, result=f"result{number}")
                outputs += ["-filter_complex", graph]
                source = f"[result{number}]"
            outputs += ["-map", source, *job.options, f"/dev/fd/{result.fileno()}"]
            results.append(result)
        command = [program, *COMMON_OPTIONS, *inputs, *outputs]
        done = subprocess.run(command, capture_output=True, check=False, pass_fds=descriptors)
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
            if os.strerror(errno.ENOSPC) in reason:
                raise OSError(errno.ENOSPC, reason, tempfile.gettempdir())
            raise UserError(f"ffmpeg failed: {reason}")
        return [result.read() for result in results]
