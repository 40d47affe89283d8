"""The file `scores.json`, read for ranking: the means of the challenge's metrics."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.ranking import METRICS

#: How the challenge's scripts and ours call a metric, where that is not its name in the ranking.
OTHER_NAMES = {
    "DNSMOS_OVRL": "DNSMOS",
    "OVRL": "DNSMOS",
    "NISQA_MOS": "NISQA",
    "SpeechBERT": "SpeechBERTScore",
    "PhonemeSimilarity": "LPS",
    "SpeakerSimilarity": "SpkSim",
    "EmotionSimilarity": "EmoSim",
    "LID_accuracy": "LID",
}
PER_CENT = ("CAcc",)  # the others are ranked as fractions, or as they are


@dataclass(frozen=True)
class MeanScores:
    """What one system scored.

    Attributes:
        values: metric of the ranking -> mean; CAcc in per cent. Metrics without a value are left out.
        files: how many files were scored; 0 if the file does not tell.
        incomplete: metric of the ranking -> files without a value, where there are any.
        errors: files that could not be scored at all.
    """

    values: dict[str, float]
    files: int = 0
    incomplete: dict[str, int] = field(default_factory=dict)
    errors: int = 0


def read_means(path: str | Path) -> MeanScores:
    """Read what `urgent26 score` wrote.

    Args:
        path: `scores.json`, or the folder that holds it.

    Raises:
        UserError: it is not there, it is another kind of file, or no metric of the ranking is in it.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "scores.json"
    if not path.is_file():
        raise UserError(f"{path} does not exist; give the scores.json that urgent26 score writes")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        values, incomplete = {}, {}
        for name, column in document["metrics"].items():
            metric = _NAMES.get(_plain(name))
            if metric is None or column["mean"] is None:
                continue
            mean = float(column["mean"])
            in_per_cent = column.get("unit") == "%"
            if in_per_cent != (metric in PER_CENT):
                mean = mean / 100 if in_per_cent else mean * 100
            if math.isfinite(mean):
                values[metric] = mean
                if column.get("nan"):
                    incomplete[metric] = int(column["nan"])
        files, errors = int(document.get("files", 0)), len(document.get("errors", ()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{path} is not a scores.json as urgent26 score writes it") from error
    if not values:
        raise UserError(f"{path} has no metric of the ranking; those are {', '.join(METRICS)}")
    return MeanScores(values, files, incomplete, errors)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


_NAMES = {_plain(metric): metric for metric in METRICS} | {
    _plain(other): metric for other, metric in OTHER_NAMES.items()
}
