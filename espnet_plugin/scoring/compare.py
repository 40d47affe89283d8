"""Noisy against enhanced: scores of both sides of test sets, their table, RESULTS.md and pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.audio.read import read_audio
from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.scoring import picture, table
from espnet_plugin.scoring.breakdown import read_groups
from espnet_plugin.scoring.metric import Column, Setup
from espnet_plugin.scoring.pool import Workers
from espnet_plugin.scoring.registry import choose, make
from espnet_plugin.scoring.run import read_files, read_labels, score_files
from espnet_plugin.scoring.scores import Scores
from espnet_plugin.scoring.table import Comparison

METRICS = ("PESQ", "ESTOI", "SI_SDR", "LSD", "DNSMOS")
LEGEND = {
    "PESQ": "ITU-T P.862.2 (wide band)",
    "ESTOI": "extended short-time objective intelligibility, by pystoi",
    "SI_SDR": "Le Roux et al. 2019, the mean is not removed",
    "SDR": "BSS Eval version 3, distortion filter of 512 taps",
    "MCD": "distance of mel cepstra after time warping",
    "LSD": "log-spectral distance after least-squares level matching",
    "DNSMOS_OVRL": "overall score of P.835, without reference",
    "NISQA": "predicted opinion score, without reference",
    "UTMOS": "predicted opinion score, without reference",
    "SCOREQ": "predicted opinion score, without reference",
    "SpeechBERTScore": "closeness of mHuBERT features",
    "LPS": "similarity of recognised phonemes",
    "SpkSim": "similarity of the speaker's voice",
    "EmoSim": "similarity of the emotion",
    "LID": "share of files whose language is recognised",
    "CAcc": "characters recognised rightly, over the whole set",
    "WER": "word errors, over the whole set",
}
# What tells the gain of a file for the choice of pictures: the first one that was scored.
GAIN_COLUMNS = ("PESQ", "SI_SDR", "DNSMOS_OVRL")


@dataclass(frozen=True)
class TestSet:
    """A test set with its enhanced recordings; lists (id path) or folders.

    Attributes:
        name: used in headings and as name of folders and pictures.
        noisy_scp, enhanced_scp: what went into the model and what came out.
        clean_scp: references; None for real recordings without them.
        meta_tsv: the simulation's record, for the breakdown by distortion and SNR.
        utt2lang: id and language, for the breakdown by language and for metrics of recognition.
        text: id and transcript, for metrics of recognition.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    name: str
    noisy_scp: Path
    enhanced_scp: Path
    clean_scp: Path | None = None
    meta_tsv: Path | None = None
    utt2lang: Path | None = None
    text: Path | None = None


def score_sets(
    sets: Sequence[TestSet],
    output_dir: str | Path,
    metrics: Iterable[str] | None = None,
    nj: int = 1,
    title: str = "Results",
    model_line: str = "",
    reproduce: str = "",
    force: bool = False,
    setup: Setup | None = None,
) -> Path:
    """Score test sets before and after enhancement, print the tables and write them down.

    Writes `scores/<set>/{noisy,enhanced}/`, `RESULTS.md` and two pictures per set in `images/`, all below
    the output folder. What has not changed since the last call is not computed again.

    Args:
        sets: at least one; names must differ.
        output_dir: made if needed.
        metrics: names; None for PESQ, ESTOI, SI-SDR, LSD and DNSMOS.
        nj: worker processes.
        title: heading of RESULTS.md.
        model_line: one line on the model: name, parameters, training.
        reproduce: the command that produces this table.
        force: compute everything anew.
        setup: where weights of metrics lie and which device computes; None for the defaults.

    Returns:
        path of RESULTS.md.

    Raises:
        UserError: no set, two of one name, unreadable lists, or no metric that can be computed.
    """
    if not sets:
        raise UserError("there is no test set to score")
    names = [one.name for one in sets]
    if len(set(names)) < len(names):
        raise UserError(f"test sets need different names, got {', '.join(names)}")
    output_dir = Path(output_dir)
    wanted = list(METRICS if metrics is None else metrics)

    parts = [f"# {title}\n"]
    if model_line:
        parts.append(f"{model_line}\n")
    seen: dict[str, Column] = {}
    with Workers(nj) as workers:
        for one in sets:
            folder = output_dir / "scores" / one.name
            comparison, sides = _score_set(one, folder, wanted, workers, force, setup)
            columns = comparison.enhanced.shown
            seen |= {column.name: column for column in columns}
            rows = table.comparison_rows(comparison, columns)
            lines = ["", _headline(comparison), "", table.text(rows), _remarks(comparison)]
            table.show("\n".join(lines).rstrip())
            pictures = _draw(comparison, sides, output_dir / "images", columns)
            links = [path.relative_to(output_dir) for path in pictures]
            parts.append(_section(comparison, rows, columns, links))
    parts.append(_legend(reproduce, seen))

    path = output_dir / "RESULTS.md"
    write_text(path, "\n".join(parts))
    return path


def _score_set(
    one: TestSet, folder: Path, metrics: list[str], workers: Workers, force: bool, setup: Setup | None
):
    """The comparison of a set, and side -> id -> file."""
    sides = {"noisy": read_files(one.noisy_scp), "enhanced": read_files(one.enhanced_scp)}
    if one.clean_scp is not None:
        sides["clean"] = read_files(one.clean_scp)
    else:
        metrics = [name for name in choose(metrics) if not make(name).needs_reference] or metrics
    groups = read_groups(one.meta_tsv, one.utt2lang, sides["enhanced"])
    given = {"language": one.utt2lang, "text": one.text}
    labels = {kind: read_labels(path) for kind, path in given.items() if path is not None}
    scores = {}
    for side in ("noisy", "enhanced"):
        scores[side] = score_files(
            sides[side],
            sides.get("clean"),
            folder / side,
            metrics,
            workers,
            force,
            label=f"{one.name}, {side}",
            labels=labels,
            groups=groups,
            setup=setup,
        )
    return Comparison(one.name, scores["noisy"], scores["enhanced"], groups), sides


def _headline(comparison: Comparison) -> str:
    files = comparison.enhanced.files
    return f"{comparison.name} ({files} file{'' if files == 1 else 's'})"


def _remarks(comparison: Comparison) -> str:
    """Lines on what is missing from the table, with the reason; empty if nothing is."""
    sides = {"noisy": table.remarks(comparison.noisy), "enhanced": table.remarks(comparison.enhanced)}
    lines = [f"- {remark}" for remark in sides["noisy"] if remark in sides["enhanced"]]
    for side, remarks in sides.items():
        lines.extend(f"- {side}: {remark}" for remark in remarks if f"- {remark}" not in lines)
    return "\n".join(lines) + "\n" if lines else ""


def _section(comparison: Comparison, rows: table.Rows, columns: list[Column], pictures: list[Path]) -> str:
    blocks = [f"## {_headline(comparison)}\n", table.markdown(rows)]
    remarks = _remarks(comparison)
    if remarks:
        blocks.append(remarks)
    for heading in comparison.groups:
        broken_down = table.breakdown_rows(comparison, heading, columns)
        if len(broken_down) > 2:
            blocks.append(f"### {comparison.name} {table.by(heading)}\n")
            blocks.append(table.markdown(broken_down))
    for path in pictures:
        words = path.stem.removeprefix(f"{comparison.name}_").replace("_", " ")
        blocks.append(f"![{comparison.name}, {words}]({path.as_posix()})\n")
    return "\n".join(blocks)


def _legend(reproduce: str, columns: Mapping[str, Column]) -> str:
    lines = [
        "## How to read this\n",
        "↑ higher is better, ↓ lower is better. Values are means over the files that have a value on",
        "both sides; ± is half the 95 % confidence interval of the mean difference.\n",
        *(f"- {column.heading}: {LEGEND[name]}" for name, column in columns.items() if name in LEGEND),
        "",
        "Scores of each file: `scores/<set>/{noisy,enhanced}/<METRIC>.scp`; `scores.json` sums them up.\n",
    ]
    if reproduce:
        lines.append(f"Reproduce with:\n\n```\n{reproduce}\n```\n")
    return "\n".join(lines)


def _draw(comparison: Comparison, sides, folder: Path, columns: list[Column]) -> list[Path]:
    """Pictures of the files that gained most and least."""
    drawn = []
    for words, identifier in _choice(comparison).items():
        path = folder / f"{comparison.name}_{words}_gain.png"
        files = {side: sides[side][identifier] for side in ("noisy", "enhanced", "clean") if side in sides}
        captions = {
            "noisy": _caption(comparison.noisy, identifier, columns),
            "enhanced": _caption(comparison.enhanced, identifier, columns),
        }
        title = f"{comparison.name}: {identifier} ({words} gain)"
        seen = [title, *captions.values()]
        for file in files.values():
            status = file.stat()
            seen.append(f"{file} {status.st_size} {status.st_mtime_ns}")
        mark = hashlib.sha256("\n".join(seen).encode()).hexdigest()
        try:
            if picture.read_mark(path) != mark:
                waves, rates_hz = {}, set()
                for side, file in files.items():
                    wave, rate_hz = read_audio(file)
                    waves[side] = wave[:, 0]
                    rates_hz.add(rate_hz)
                picture.draw_spectrograms(path, waves, rates_hz.pop(), title, captions, mark)
        except ModuleNotFoundError as error:
            raise missing_module(error.name or "matplotlib", "spectrogram pictures") from error
        drawn.append(path)
    return drawn


def _choice(comparison: Comparison) -> dict[str, str]:
    """{"largest": id, "smallest": id} by the gain of the first column of GAIN_COLUMNS that has values."""
    for column in GAIN_COLUMNS:
        noisy, enhanced = (side.values.get(column, {}) for side in (comparison.noisy, comparison.enhanced))
        gains = {
            identifier: enhanced[identifier] - noisy[identifier]
            for identifier in sorted(noisy.keys() & enhanced.keys())
            if enhanced[identifier] - noisy[identifier] == enhanced[identifier] - noisy[identifier]
        }
        if gains:
            chosen = {"largest": max(gains, key=gains.get), "smallest": min(gains, key=gains.get)}
            return chosen if len(gains) > 1 else {"largest": chosen["largest"]}
    return {}


def _caption(scores: Scores, identifier: str, columns: list[Column]) -> str:
    parts = []
    for column in columns:
        value = scores.values.get(column.name, {}).get(identifier, float("nan"))
        if value == value and column.name in GAIN_COLUMNS:
            parts.append(f"{column.heading} {table.number(value, column.decimals)} {column.unit}".strip())
    return ", ".join(parts)
