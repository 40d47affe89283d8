"""Groups of files by what was done to them: distortion, SNR, language, sampling rate."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Set
from pathlib import Path

from espnet_plugin.errors import UserError

SNR_EDGES_DB = (0, 5, 10, 15)

Groups = dict[str, set[str]]


def read_groups(
    meta_tsv: str | Path | None, utt2lang: str | Path | None, files: Mapping[str, Path] | None = None
) -> dict[str, Groups]:
    """The groups that the files of a test set fall into.

    Args:
        meta_tsv: record of the simulation, with the columns `id`, `augmentation`, `rir_uid`, `snr_dB`, `fs`
            (those that are missing give no groups).
        utt2lang: lines `id language`.
        files: id -> recording; only these ids count, and where the record has no `fs` their headers tell the
            sampling rate. None: all ids that are listed.

    Returns:
        heading -> group -> ids; headings with fewer than two groups are left out. A file with two
        distortions is in two groups.

    Raises:
        UserError: a file that is missing or not of this form.
    """
    groups: dict[str, Groups] = {}
    rates_hz: dict[str, int] = {}
    if meta_tsv is not None:
        records = _records(Path(meta_tsv))
        groups["Distortion"] = _gather(
            (record["id"], label) for record in records for label in distortions(record)
        )
        groups["SNR"] = _in_order(
            _gather((record["id"], label) for record in records if (label := snr_bucket(record))),
            [snr_bucket({"snr_dB": str(edge - 1)}) for edge in (*SNR_EDGES_DB, SNR_EDGES_DB[-1] + 2)],
        )
        rates_hz = {record["id"]: int(record["fs"]) for record in records if record.get("fs")}
    if files is not None and not rates_hz:
        rates_hz = _rates_hz(files)
    groups["Sampling rate"] = _in_order(
        _gather((identifier, _rate(rate_hz)) for identifier, rate_hz in rates_hz.items()),
        [_rate(rate_hz) for rate_hz in sorted(set(rates_hz.values()))],
    )
    if utt2lang is not None:
        groups["Language"] = _gather(_pairs(Path(utt2lang)))
    if files is not None:
        groups = {heading: _members(found, files.keys()) for heading, found in groups.items()}
    return {heading: found for heading, found in groups.items() if len(found) > 1}


def distortions(record: Mapping[str, str]) -> list[str]:
    """Names of what was done to a file besides adding noise; `noise only` for none.

    >>> distortions({"augmentation": "bandwidth_limitation-kaiser_fast->8000/clipping(min=0.1,max=0.9)"})
    ['bandwidth limitation', 'clipping']
    """
    found = []
    if (record.get("rir_uid") or "none") != "none":
        found.append("reverberation")
    for step in (record.get("augmentation") or "").split("/"):
        name = re.match(r"[a-z]+(?:_[a-z]+)*", step)
        if name and name.group() != "none":
            found.append(name.group().replace("_", " "))
    return list(dict.fromkeys(found)) or ["noise only"]


def snr_bucket(record: Mapping[str, str]) -> str | None:
    """`below 0 dB`, `0 to 5 dB`, ..., `15 dB and above`; None without a number."""
    try:
        snr_db = float(record.get("snr_dB") or "nan")
    except ValueError:
        return None
    if snr_db != snr_db:
        return None
    if snr_db < SNR_EDGES_DB[0]:
        return f"below {SNR_EDGES_DB[0]} dB"
    for low, high in zip(SNR_EDGES_DB, SNR_EDGES_DB[1:]):
        if snr_db < high:
            return f"{low} to {high} dB"
    return f"{SNR_EDGES_DB[-1]} dB and above"


def _records(path: Path) -> list[dict[str, str]]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if records and "id" not in records[0]:
        raise UserError(f"{path} has no column 'id'; it must be the meta.tsv of a simulated set")
    return records


def _pairs(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    pairs = [tuple(line.split()) for line in lines if line.strip()]
    for pair in pairs:
        if len(pair) != 2:
            raise UserError(f"{path}: expected 'id language', found '{' '.join(pair)}'")
    return pairs


def _rates_hz(files: Mapping[str, Path]) -> dict[str, int]:
    from espnet_plugin.audio.read import audio_info

    rates_hz = {}
    for identifier, path in files.items():
        try:
            rates_hz[identifier] = audio_info(path)[2]
        except UserError:  # a file that cannot be read is reported where it is scored
            continue
    return rates_hz


def _rate(rate_hz: int) -> str:
    return f"{rate_hz / 1000:g} kHz"


def _members(groups: Groups, identifiers: Set[str]) -> Groups:
    return {label: found for label, of in groups.items() if (found := of & identifiers)}


def _gather(pairs) -> Groups:
    groups: Groups = {}
    for identifier, label in pairs:
        groups.setdefault(label, set()).add(identifier)
    return dict(sorted(groups.items()))


def _in_order(groups: Groups, labels: list[str]) -> Groups:
    return {label: groups[label] for label in labels if label in groups}
