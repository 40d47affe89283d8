"""Listening samples: a few files of each distortion, with their clean speech."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from espnet_plugin.simulation.meta import Row
from espnet_plugin.simulation.report.contents import distortions_of
from espnet_plugin.simulation.report.tables import Table


def copy_samples(rows: Sequence[Row], set_dir: Path, output_dir: Path, count: int) -> Table:
    """Copy the files in which a distortion comes with the fewest others.

    Args:
        rows: of the set.
        set_dir: the paths of the rows count from here.
        output_dir: gets `DISTORTION/ID_noisy.flac` and `DISTORTION/ID_clean.flac`.
        count: files of each distortion; fewer where fewer are rendered.

    Returns:
        what was copied.
    """
    files: dict[str, list[tuple[int, Row]]] = {}
    for row in rows:
        found = distortions_of(row)
        for name in set(found):
            files.setdefault(name, []).append((len(found), row))
    copied = []
    for name, members in sorted(files.items()):
        there = (
            row
            for _, row in sorted(members, key=lambda member: member[0])
            if (set_dir / row.noisy_path).is_file() and (set_dir / row.clean_path).is_file()
        )
        for row, _ in zip(there, range(count)):
            folder = output_dir / name
            folder.mkdir(parents=True, exist_ok=True)
            for kind, path in (("noisy", row.noisy_path), ("clean", row.clean_path)):
                shutil.copyfile(set_dir / path, folder / f"{row.id}_{kind}{Path(path).suffix}")
            copied.append(
                {
                    "distortion": name,
                    "id": row.id,
                    "speech": row.speech_uid,
                    "noise": row.noise_uid,
                    "snr_db": row.snr_db,
                    "room": row.rir_uid,
                    "rate_hz": row.rate_hz,
                    "augmentation": row.augmentation,
                }
            )
    return copied
