"""Stage 4: shape files for ESPnet's batches, and what the data consist of."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_text
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.names import OWN_SETS
from espnet_plugin.recipe.stage import Stage, digest
from espnet_plugin.simulation.draw import META_FILE
from espnet_plugin.simulation.meta import NONE, read_meta

TRAINING_SETS = ("train", "valid")
SHAPE_FILE = "speech_shape"


def make_statistics(
    data_dir: str | Path, simulated_dir: str | Path, statistics_dir: str | Path, force: bool = False
) -> None:
    """Write the shape files of the training sets and summarise all sets; does nothing where that is done.

    The lengths come from the data folders, which took them from the audio itself: no batch is run
    through a model for that.

    Args:
        data_dir: data folders of stage 3.
        simulated_dir: simulated sets, whose tables tell SNR and distortions.
        statistics_dir: gets ``{train,valid}/speech_shape``, ``statistics.json`` and ``statistics.txt``.
        force: make them again.

    Raises:
        UserError: a data folder is missing.
    """
    data_dir, simulated_dir, statistics_dir = Path(data_dir), Path(simulated_dir), Path(statistics_dir)
    lengths = {name: _column(data_dir / name / "speech_length.scp") for name in TRAINING_SETS}
    sets = sorted(path.parent.name for path in data_dir.glob("*/speech_length.scp"))
    sets.sort(key=lambda name: OWN_SETS.index(name) if name in OWN_SETS else len(OWN_SETS))
    lists = ("speech_length.scp", "utt2fs", "utt2lang", "utt2spk")
    content = [(data_dir / name / list_name).read_bytes() for name in sets for list_name in lists]
    content += [_meta_bytes(simulated_dir / name) for name in sets]
    stage = Stage(
        statistics_dir,
        "statistics",
        {"data": str(data_dir.resolve()), "simulated": str(simulated_dir.resolve())},
        digest(b"\0".join(content)),
        force,
    )
    if stage.finished():
        print(f"{statistics_dir / 'statistics.txt'}: already done")
        return
    stage.start()
    for name, samples in lengths.items():
        lines = "".join(f"{identifier} {count}\n" for identifier, count in samples.items())
        write_text(statistics_dir / name / SHAPE_FILE, lines)
    summary = {name: summarise(data_dir / name, simulated_dir / name) for name in sets}
    text = "\n".join(_paragraph(name, facts) for name, facts in summary.items()) + "\n"
    write_text(statistics_dir / "statistics.json", json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    write_text(statistics_dir / "statistics.txt", text)
    stage.finish({"sets": sets})
    print(text, end="")


def summarise(data_folder: Path, simulated_set: Path) -> dict[str, Any]:
    """What one set consists of.

    Returns:
        Counts of files, speakers, rates and languages, hours, the range of durations in seconds, and,
        for a simulated set, the mean and range of the SNR in dB and how often each distortion occurs.
    """
    samples = _column(data_folder / "speech_length.scp")
    rates = _column(data_folder / "utt2fs")
    durations_s = [int(samples[identifier]) / int(rates[identifier]) for identifier in samples]
    facts: dict[str, Any] = {
        "files": len(samples),
        "hours": sum(durations_s) / 3600,
        "duration_s": {"min": min(durations_s), "max": max(durations_s)},
        "speakers": len(set(_column(data_folder / "utt2spk").values())),
        "rates_hz": _counts(rates.values()),
        "languages": _counts(_column(data_folder / "utt2lang").values()),
    }
    if (simulated_set / META_FILE).is_file():
        rows = read_meta(simulated_set / META_FILE)
        snr_db = [row.snr_db for row in rows if row.snr_db is not None]
        if snr_db:
            facts["snr_db"] = {"mean": sum(snr_db) / len(snr_db), "min": min(snr_db), "max": max(snr_db)}
        distortions = Counter(kind for row in rows for kind in distortion_kinds(row.augmentation))
        distortions["reverberation"] = sum(row.rir_uid != NONE for row in rows)
        facts["distortions"] = {kind: count for kind, count in distortions.most_common() if count}
    return facts


def distortion_kinds(augmentation: str) -> list[str]:
    """The kinds of distortion in a cell of the column ``augmentation``.

    >>> distortion_kinds("clipping(min=0.0,max=0.9)/bandwidth_limitation-fft->8000")
    ['clipping', 'bandwidth_limitation']
    """
    # Items are joined by "/", which may stand inside brackets too.
    plain = re.sub(r"\([^()]*\)", "", augmentation)
    kinds = [re.split(r"[-(>]", item, maxsplit=1)[0] for item in plain.split("/")]
    return [kind for kind in kinds if kind and kind != NONE]


def _paragraph(name: str, facts: dict[str, Any]) -> str:
    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{key} {count}" for key, count in counts.items())

    duration = facts["duration_s"]
    lines = [
        f"{name}: {facts['files']} files, {facts['hours']:.2f} h, {facts['speakers']} speakers, "
        f"{duration['min']:.1f} to {duration['max']:.1f} s",
        f"  rates in Hz: {listed(facts['rates_hz'])}; languages: {listed(facts['languages'])}",
    ]
    if "snr_db" in facts:
        snr = facts["snr_db"]
        lines.append(f"  SNR: {snr['min']:.1f} to {snr['max']:.1f} dB, mean {snr['mean']:.1f} dB")
    if facts.get("distortions"):
        lines.append(f"  distortions: {listed(facts['distortions'])}")
    return "\n".join(lines)


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _column(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run stage 3 (check and format) first") from None
    return dict(line.split(maxsplit=1) for line in lines)


def _meta_bytes(folder: Path) -> bytes:
    path = folder / META_FILE
    return path.read_bytes() if path.is_file() else b""
