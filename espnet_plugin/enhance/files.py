"""Many recordings: progress, resume, and nothing half written."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.scp import find_audio, read_scp
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError


@dataclass
class Summary:
    """What happened to a list of recordings.

    Attributes:
        outputs: id -> file, of all that are there now.
        skipped: number of recordings that were finished by an earlier run.
        failed: id -> one line why.
        clipped: id -> number of samples that exceeded full scale in the output.
        audio_s: seconds of audio that were enhanced.
        wall_s: seconds that took.
    """

    outputs: dict[str, Path] = field(default_factory=dict)
    skipped: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    clipped: dict[str, int] = field(default_factory=dict)
    audio_s: float = 0.0
    wall_s: float = 0.0

    def line(self) -> str:
        """The summary for people."""
        text = f"{len(self.outputs) - self.skipped} enhanced, {self.skipped} were there already"
        if self.audio_s:
            text += f"; {self.audio_s:.1f} s of audio in {self.wall_s:.1f} s"
            text += f" (real-time factor {self.wall_s / self.audio_s:.2f})"
        if self.clipped:
            text += f"; {len(self.clipped)} reached full scale and were clipped"
        if self.failed:
            text += f"; {len(self.failed)} FAILED"
        return text


def gather(inputs: Iterable[str | Path]) -> dict[str, Path]:
    """All recordings behind names of files, folders and lists, as id -> file.

    The id of a single file is its stem; of a file in a folder, its path inside that folder;
    of a list, what the list says.

    Raises:
        UserError: a missing file, an empty folder, or two recordings with the same id.
    """
    recordings: dict[str, Path] = {}
    for name in map(Path, inputs):
        if name.is_dir():
            found = find_audio(name)
        elif name.suffix == ".scp":
            found = read_scp(name)
        else:
            audio_info(name)  # says so if it is missing or no audio
            found = {name.stem: name}
        for identifier, path in found.items():
            if identifier in recordings:
                raise UserError(
                    f"{recordings[identifier]} and {path} would give the same output; enhance them apart"
                )
            recordings[identifier] = path
    return recordings


def same_size(source: Path, target: Path, output_rate_hz: int | None = None) -> bool:
    """Whether the target is a whole audio file of the source's duration, channels and rate.

    Args:
        output_rate_hz: of the target; the source's by default.
    """
    try:
        samples, channels, rate_hz = audio_info(source)
        wanted_hz = output_rate_hz or rate_hz
        return audio_info(target) == (samples * wanted_hz // rate_hz, channels, wanted_hz)
    except UserError:
        return False


def enhance_files(
    enhancer,
    recordings: Mapping[str, Path],
    out_dir: str | Path,
    suffix: str | None = None,
    force: bool = False,
    progress: bool = True,
    output_rate_hz: int | None = None,
) -> Summary:
    """Enhance recordings one after the other, each written under a temporary name and renamed.

    Args:
        enhancer: has `enhance(wave, rate_hz)`, or with a third argument for `output_rate_hz`.
        recordings: id -> file; the output is `out_dir/<id><suffix>`, so that an id with
            slashes keeps its folders.
        out_dir: made if missing.
        suffix: of the outputs, such as ".wav"; default: each file's own.
        force: enhance again what is there already.
        progress: show a bar with the time left.
        output_rate_hz: of all outputs; each file's own by default.

    Returns:
        A summary; files that cannot be read are in `failed` and do not stop the others.
    """
    from tqdm import tqdm

    out_dir = Path(out_dir)
    summary = Summary()
    bar = tqdm(sorted(recordings.items()), unit="file", desc="enhance", disable=not progress)
    for identifier, source in bar:
        target = out_dir / (identifier + (suffix or Path(source).suffix.lower()))
        if target.resolve() == Path(source).resolve():
            raise UserError(f"{target} would overwrite its own input; choose another output folder")
        if not force and target.exists():
            if same_size(source, target, output_rate_hz):
                summary.skipped += 1
                summary.outputs[identifier] = target
                continue
            summary.failed[identifier] = (
                f"{target} exists and is no result of this file; add --force to replace it"
            )
            continue
        started = time.perf_counter()
        try:
            wave, rate_hz = read_audio(source)
            rates = (rate_hz,) if output_rate_hz is None else (rate_hz, output_rate_hz)
            clipped = write_audio(target, enhancer.enhance(wave, *rates), rates[-1])
        except UserError as error:
            summary.failed[identifier] = str(error)
            continue
        summary.outputs[identifier] = target
        if clipped:
            summary.clipped[identifier] = clipped
        summary.audio_s += len(wave) / rate_hz
        summary.wall_s += time.perf_counter() - started
    return summary
