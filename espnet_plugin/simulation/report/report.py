"""The report on a simulated set, written into a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.analysis.output import write_table
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.draw import META_FILE
from espnet_plugin.simulation.meta import read_meta
from espnet_plugin.simulation.report.listening import copy_samples
from espnet_plugin.simulation.report.origin import read_origins
from espnet_plugin.simulation.report.pictures import draw_bars, draw_histograms
from espnet_plugin.simulation.report.tables import distortions, distributions, hours

SAMPLES_FOLDER = "samples"


@dataclass(frozen=True)
class Report:
    """files and hours of the set, and how many of its files were copied as listening samples."""

    files: int
    hours: float
    samples: int


def write_report(
    set_dir: str | Path, output_dir: str | Path, samples: int = 3, force: bool = False
) -> Report:
    """Write tables (CSV), histograms (PNG) and listening samples of a set.

    Hours per corpus, language and rate go to `hours.csv`, files per distortion to `distortions.csv`,
    histograms of SNR and length to `distributions.csv`, samples to `samples/DISTORTION/`.

    Args:
        set_dir: holds `meta.tsv`, of either simulation.
        output_dir: gets the report; made.
        samples: files copied of each distortion.
        force: replace a former report.

    Raises:
        UserError: no table, an empty one, or a former report.
    """
    set_dir, output_dir = Path(set_dir), Path(output_dir)
    rows = read_meta(set_dir / META_FILE)
    if not rows:
        raise UserError(f"{set_dir / META_FILE} lists no file; draw it again")
    hours_path = output_dir / "hours.csv"
    if hours_path.exists() and not force:
        raise UserError(f"{output_dir} holds a report already; add --force to replace it")
    shutil.rmtree(output_dir / SAMPLES_FOLDER, ignore_errors=True)

    of_hours, of_distortions = hours(rows, read_origins(set_dir)), distortions(rows)
    of_values = distributions(rows)
    write_table(output_dir / "distortions.csv", of_distortions)
    write_table(output_dir / "distributions.csv", of_values)
    name = set_dir.resolve().name
    parts = [{**row, "part": f"{row['by']} {row['value']}"} for row in of_hours if row["by"] != "all"]
    draw_bars(output_dir / "hours.png", parts, "part", "hours", f"{name}: hours")
    draw_bars(output_dir / "distortions.png", of_distortions, "distortion", "files", f"{name}: distortions")
    snr_quantities = ("snr_db_noise", "snr_db_wind")
    draw_histograms(output_dir / "snr.png", of_values, snr_quantities, "SNR in dB", f"{name}: SNR")
    draw_histograms(output_dir / "lengths.png", of_values, ("length_s",), "length in s", f"{name}: lengths")
    copied = copy_samples(rows, set_dir, output_dir / SAMPLES_FOLDER, samples)
    if copied:
        write_table(output_dir / SAMPLES_FOLDER / "samples.csv", copied)
    write_table(hours_path, of_hours)  # last, so that it tells of a whole report
    return Report(len(rows), of_hours[0]["hours"], len(copied))
