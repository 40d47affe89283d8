"""What a command imports before its first result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: Heavy packages that an enhancement by SEMamba++ on a CPU has no use for.
NOT_NEEDED = (
    *("espnet2", "transformers", "torchaudio", "librosa", "pandas", "matplotlib", "onnx", "onnxruntime"),
    *("huggingface_hub", "torch._dynamo", "torch._inductor"),
)

_PROBE = """
import json, sys, time
from espnet_plugin import cli
try:
    status = cli.main(sys.argv[2:])
except SystemExit as stop:
    status = stop.code
with open(sys.argv[1], "w") as file:
    json.dump({"status": status, "cpu_s": time.process_time(), "modules": sorted(sys.modules)}, file)
"""


@dataclass(frozen=True)
class StartUp:
    """What one command took, from the start of its process to its end.

    Attributes:
        status: its exit code.
        cpu_s: processor seconds.
        modules: names of all modules that it imported.
    """

    status: int
    cpu_s: float
    modules: tuple[str, ...]

    @property
    def not_needed(self) -> list[str]:
        """Those of `NOT_NEEDED` among the modules."""
        return [name for name in NOT_NEEDED if name in self.modules]


def start_up(*arguments: str | Path) -> StartUp:
    """Run `urgent26` with these arguments in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-c", _PROBE, answer, *arguments]
        subprocess.run(
            *(list(map(os.fspath, command)),),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        found = json.loads(answer.read_text(encoding="utf-8"))
    return StartUp(found["status"], found["cpu_s"], tuple(found["modules"]))
