"""One of the models that are compared: its enhanced recordings, their scores and what it costs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_text
from espnet_plugin.benchmark.measurement import Case, measure
from espnet_plugin.enhance.job import Outcome
from espnet_plugin.enhance.record import content_digest, model_files
from espnet_plugin.enhance.workers import Model
from espnet_plugin.scoring.scores import Scores

ENHANCED, SCORES, COST = "enhanced", "scores", "cost.json"


@dataclass
class System:
    """A model with a name.

    Attributes:
        name: in tables; also that of its folder.
        model: what to load.
        scores: of its enhanced recordings.
        cost: what it costs, by name; empty if that was not asked for.
        note: why there is no cost.
    """

    name: str
    model: Model
    scores: Scores = dataclasses.field(default_factory=Scores)
    cost: dict[str, float] = dataclasses.field(default_factory=dict)
    note: str = ""

    def enhance(
        self, recordings: Mapping[str, Path], folder: Path, force: bool = False
    ) -> tuple[dict[str, Path], list[Outcome]]:
        """Enhance what is not there yet.

        Args:
            recordings: id -> file.
            folder: gets the results, named by their ids.
            force: enhance all of them again.

        Returns:
            id -> result, and what failed.

        Raises:
            UserError: see ``enhance_files``.
        """
        from espnet_plugin.enhance.files import enhance_files
        from espnet_plugin.enhance.inputs import Recording
        from espnet_plugin.enhance.plan import plan_jobs
        from espnet_plugin.enhance.runner import InThisProcess

        jobs, refused = plan_jobs((Recording(*item) for item in recordings.items()), folder, ".wav")
        settings = {
            "model": self.model.name,
            "weights": content_digest(self.model.checkpoint),
            "dtype": self.model.dtype,
        }
        summary = enhance_files(InThisProcess(self.model.load), jobs, folder, settings, force)
        print(f"{self.name}: {summary.line()}", flush=True)
        done = [outcome for outcome in summary.outcomes if outcome.status != "failed"]
        return {outcome.identifier: outcome.target for outcome in done}, refused + summary.of("failed")

    def measure(
        self, case: Mapping[str, Any], machine: Mapping[str, str], path: Path, force: bool = False
    ) -> None:
        """Set ``cost``, or ``note``; what was measured before with the same model and machine is read.

        Args:
            case: lengths, rate and rounds, see ``Case``.
            machine: what the numbers depend on.
            path: JSON file with the last measurement.
            force: measure in any case.
        """
        model = {"model": self.model.name, "device": self.model.device, "dtype": self.model.dtype}
        weights = content_digest(self.model.checkpoint)
        settings = {**model, "weights": weights, **case, "machine": dict(machine)}
        known = {} if force else _read(path)
        if known.get("settings") == settings:
            self.cost = known["cost"]
            return
        measured = measure(Case(checkpoint=self.model.checkpoint, **model, **case))
        if isinstance(measured, str):
            self.cost, self.note = {}, measured
            return
        files = model_files(self.model.checkpoint)
        self.cost = {
            "parameters": measured.parameters,
            "file_mib": sum(file.stat().st_size for file in files) / 2**20,
            "real_time_factor": measured.real_time_factor,
            "cpu_s_per_s": measured.cpu_s_per_s,
            "memory_gib": measured.memory_gib,
            "load_s": measured.load_s,
        }
        if measured.gpu_memory_gib is not None:
            self.cost["gpu_memory_gib"] = measured.gpu_memory_gib
        content = {"settings": settings, "cost": self.cost}
        write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
