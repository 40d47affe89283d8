"""The model card: a README.md that says what a model is, how to use it, how good it is, and whose it is."""

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.card_texts import ANY_SPEECH, KINDS, STOCK, Kind
from espnet_plugin.pretrained.local_paths import without_paths
from espnet_plugin.pretrained.origin import ORIGINS
from espnet_plugin.pretrained.zoo_model import ZooModel

FILE = "README.md"
#: Stands for the hub repository until that is known.
REPOSITORY = "ORGANISATION/MODEL"
TAGS = ("espnet", "audio", "audio-to-audio", "speech-enhancement")
#: Stands in the card of weights whose authors give no licence; the permission to publish goes behind it.
NO_LICENCE = (
    "Their authors publish these weights without a licence, so nobody may pass them on without their "
    "permission."
)


def model_card(model: ZooModel, name: str, licence: str | None = None) -> str:
    """The text of a card.

    What the experiment does not tell is left out, or said to be unknown.

    Args:
        model: what is known.
        name: heading.
        licence: of the weights, as the Hugging Face hub calls it, such as "cc-by-4.0"; None if undecided.

    Raises:
        UserError: a licence that is no identifier of the hub, or damaged files of the experiment.
    """
    if licence is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", licence):
        raise UserError(
            f"'{licence}' is no licence as the hub calls it; give one such as cc-by-4.0 or apache-2.0"
        )
    rate_hz = int(model.config.get("sample_rate") or 16000)
    kind = KINDS.get(model.separator, STOCK).of(model.separator, rate_hz)
    statistics = _statistics(model)
    sections = [
        _front_matter(model, licence, statistics),
        f"# {name}\n\n{_what(model, kind)}",
        f"## How to use it\n\n{_usage(model, kind)}",
        _scores(model.experiment),
        _training(model, statistics),
        "## Risks and limits\n\n" + _listed((*kind.limits, *ANY_SPEECH)),
        f"## Licence and origin\n\n{_licence(model, licence)}",
        f"## Citation\n\n```bibtex\n{kind.citation}```\n" if kind.citation else "",
        _configuration(model),
    ]
    return without_paths("\n".join(section for section in sections if section))


def with_repository(card: str, repository: str) -> str:
    """A card with the name of the repository that it will lie in."""
    return card.replace(REPOSITORY, repository)


def with_permission(card: str, words: str) -> str:
    """A card that records by which permission weights without a licence are published.

    Args:
        card: the text.
        words: one statement, such as "given by the authors by e-mail on 2026-11-03".
    """
    words = " ".join(words.split())
    statement = f"Whoever published them here states that permission was given: “{words}”"
    if NO_LICENCE in card:
        return card.replace(NO_LICENCE, f"{NO_LICENCE} {statement}")
    return f"{card.rstrip()}\n\n## Permission\n\n{NO_LICENCE} {statement}\n"


def _front_matter(model: ZooModel, licence: str | None, statistics: dict[str, Any]) -> str:
    origin = ORIGINS.get(model.origin or "")
    content: dict[str, Any] = {
        "library_name": "espnet",
        "pipeline_tag": "audio-to-audio",
        "tags": [*TAGS, *([model.separator.replace("_", "-")] if model.separator else [])],
    }
    # The hub knows languages by codes of two or three letters.
    codes = [
        code for code in statistics.get("train", {}).get("languages", {}) if re.fullmatch("[a-z]{2,3}", code)
    ]
    if codes:
        content["language"] = sorted(codes)
    if origin is not None and origin.licence is None:
        content |= {"license": "other", "license_name": "none-given"}
    else:
        content["license"] = licence or (origin.licence if origin else None) or "unknown"
    return f"---\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}---\n"


def _what(model: ZooModel, kind: Kind) -> str:
    facts = [kind.what]
    if model.parameters:
        facts.append(f"This model has {model.parameters / 1e6:,.2f} M parameters.")
    origin = ORIGINS.get(model.origin or "")
    if origin is not None:
        verb = "was trained further from" if model.trained else "holds the weights of"
        facts.append(f"It {verb} {origin.title} ({origin.url}).")
    return "\n".join(facts) + "\n"


def _usage(model: ZooModel, kind: Kind) -> str:
    command = f"urgent26 enhance recordings/ -o enhanced/ --model {kind.load} --checkpoint {REPOSITORY}"
    blocks = []
    if kind.load:
        blocks += [
            "Rate, length and channels of recordings stay as they are.\n",
            f"```bash\npip install espnet-plugin\n{command}\n```\n",
            "In Python:\n",
            "```python\nimport espnet_plugin as ep, soundfile as sf\n\n"
            'noisy, rate = sf.read("noisy.wav", dtype="float32")\n'
            f'model = ep.load("{kind.load}", checkpoint="{REPOSITORY}")\n'
            'sf.write("enhanced.wav", model.enhance(noisy, rate), rate)\n```\n',
        ]
    after = ", which knows the network after `espnet_plugin.register()`" if model.separator in KINDS else ""
    blocks += [
        f"In ESPnet itself{after}{kind.recordings}:\n",
        "```python\nimport espnet_plugin, soundfile as sf\n"
        "from espnet2.bin.enh_inference import SeparateSpeech\n\n"
        "espnet_plugin.register()\n"
        f'enhance = SeparateSpeech.from_pretrained("{REPOSITORY}")\n'
        'noisy, rate = sf.read("noisy.wav", dtype="float32")\n'
        "(enhanced,) = enhance(noisy[None], fs=rate)\n```\n",
    ]
    return "\n".join(blocks)


def _scores(experiment: Path | None) -> str:
    """The tables of all test sets; empty if nothing was scored."""
    if experiment is None:
        return ""
    parts = []
    for enhanced in sorted(experiment.glob("scores/*/enhanced/scores.json")):
        sides = {"enhanced": _read_json(enhanced)}
        noisy = enhanced.parents[1] / "noisy" / enhanced.name
        if noisy.is_file():
            sides = {"noisy": _read_json(noisy), **sides}
        files = sides["enhanced"].get("files", 0)
        parts.append(f"### {enhanced.parents[1].name} ({files} file{'' if files == 1 else 's'})\n")
        parts.append(_score_table(sides))
    if not parts:
        return ""
    parts.append(
        "Means over the files that have a value; ± is half the 95 % confidence interval of the mean.\n"
    )
    parts.append("↑ higher is better, ↓ lower is better.\n")
    if (experiment / "RESULTS.md").is_file():
        parts.append("Breakdowns and pictures are in [RESULTS.md](RESULTS.md).\n")
    return "## Scores\n\n" + "\n".join(parts)


def _score_table(sides: dict[str, dict[str, Any]]) -> str:
    from espnet_plugin.scoring import table

    columns = _columns(set().union(*(side["metrics"] for side in sides.values())))
    rows = [["", *map(table.heading, columns)]]
    for label, side in sides.items():
        cells = []
        for column in columns:
            values = side["metrics"].get(column.name, {})
            mean = values.get("mean")
            cell = table.number(math.nan if mean is None else mean, column.decimals)
            low, high = values.get("confidence_interval") or (None, None)
            if mean is not None and low is not None and high is not None:
                cell += f" ± {table.number((high - low) / 2, column.decimals)}"
            cells.append(cell)
        rows.append([label, *cells])
    return table.markdown(rows)


def _columns(scored: set[str]) -> list[Any]:
    """What tables show of what was scored, in their order."""
    from espnet_plugin.scoring.registry import METRICS, make

    return [
        column for name in METRICS for column in make(name).columns if column.shown and column.name in scored
    ]


def _training(model: ZooModel, statistics: dict[str, Any]) -> str:
    """Data, length and curve of the training; empty where the weights were not trained here."""
    if not model.trained:
        return ""
    lines = []
    if statistics:
        lines.append(_data_table(statistics))
    else:
        lines.append("The data of the training are not described with this experiment.\n")
    if model.config.get("discriminator"):
        lines.append(f"The network was trained against discriminators ({model.config['discriminator']}).\n")
    history, curve = (model.experiment / name for name in ("history.csv", "images/training_curve.png"))
    if history.is_file():
        epochs = len(history.read_text(encoding="utf-8").splitlines()) - 1
        lines.append(f"The training took {epochs} epochs; the model is the average of its best ones.\n")
    if curve.is_file():
        lines.append("![training curve](images/training_curve.png)\n")
    return "## Training and data\n\n" + "\n".join(lines)


def _data_table(statistics: dict[str, Any]) -> str:
    from espnet_plugin.scoring import table

    rows = [["set", "files", "hours", "speakers", "rates in Hz", "languages", "distortions"]]
    for name in ("train", "valid"):
        if name in statistics:
            facts = statistics[name]
            counts = [_counted(facts.get(kind) or {}) for kind in ("rates_hz", "languages", "distortions")]
            rows.append([name, str(facts["files"]), f"{facts['hours']:.2f}", str(facts["speakers"]), *counts])
    return table.markdown(rows)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{key} ({count})" for key, count in counts.items()) or "–"


def _licence(model: ZooModel, licence: str | None) -> str:
    origin = ORIGINS.get(model.origin or "")
    lines = []
    if origin is not None:
        relation = "began with" if model.trained else "is a conversion of"
        lines.append(f"This model {relation} {origin.title}, {origin.url}.")
        if origin.licence is None:
            lines.append(NO_LICENCE)
        else:
            lines.append(
                f"Those are under the licence `{origin.licence}`, whose notice is in [LICENSE](LICENSE)."
            )
    if licence and origin is None:
        lines.append(f"The weights are under the licence `{licence}`.")
    elif licence and model.trained:
        lines.append(f"What was trained here is under the licence `{licence}`.")
    elif origin is None:
        lines.append("The licence of the weights is unknown: whoever published them has not named one.")
    lines.append("The licences of the training data may restrict the use of a model beyond that.")
    lines.append("The code of the plug-in is under Apache-2.0.")
    return "\n".join(line for line in lines if line) + "\n"


def _configuration(model: ZooModel) -> str:
    text = yaml.safe_dump(model.config, sort_keys=False, allow_unicode=True)
    return f"## Configuration\n\n<details><summary>expand</summary>\n\n```yaml\n{text}```\n\n</details>\n"


def _statistics(model: ZooModel) -> dict[str, Any]:
    """What stage 4 found out about the data of the training; empty if that is not at hand."""
    shapes = (model.training_config or {}).get("train_shape_file") or []
    path = Path(shapes[0]).parents[1] / "statistics.json" if shapes else Path()
    return _read_json(path) if path.is_file() else {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged; remove it and run the stage again that writes it") from error


def _listed(sentences: Iterable[str]) -> str:
    return "".join(f"- {sentence}\n" for sentence in sentences)
