"""`urgent26 doctor`: what is installed, what is active, and what to do about the rest."""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from espnet_plugin.errors import EXTRA_OF_MODULE, pip_command
from espnet_plugin.machine import GIB, free_memory_gib, usable_cores

FREE_DISK_GIB = 10
FREE_MEMORY_GIB = 4

#: Import name -> name of the distribution, where they differ.
DISTRIBUTION_OF_MODULE = {
    "fast_bss_eval": "fast-bss-eval",
    "torch_optimizer": "torch-optimizer",
    "espeakng_loader": "espeakng-loader",
    "mamba_ssm": "mamba-ssm",
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        topic: group of lines.
        name: what was looked at.
        state: ``ok``, ``note`` (works, could be better) or ``missing``.
        value: what was found.
        remedy: what to do; empty where nothing is to be done.
    """

    topic: str
    name: str
    state: str
    value: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("--json", action="store_true", help="for programs: a list of findings")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; the exit code is 1 where something that is needed is missing."""
    findings = examine()
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
    else:
        print(table(findings))
    return 1 if any(finding.state == "missing" for finding in findings) else 0


def examine() -> list[Finding]:
    """Look at everything; a few seconds, most of which is the import of torch."""
    return [
        *_software(),
        *_devices(),
        *_scans(),
        *_extras(),
        *_programs(),
        *_machine(),
    ]


def table(findings: list[Finding]) -> str:
    """The findings for people, one line each, with the remedies below what they belong to."""
    marks = {"ok": "  ok ", "note": "note ", "missing": "MISS "}
    width = max(len(finding.name) for finding in findings)
    lines: list[str] = []
    topic = ""
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            lines += ["", topic] if lines else [topic]
        lines.append(f"{marks[finding.state]} {finding.name:<{width}}  {finding.value}".rstrip())
        if finding.remedy:
            lines.append(f"{'':<{width + 6}}  -> {finding.remedy}")
    return "\n".join(lines)


def _software() -> Iterator[Finding]:
    python = platform.python_version()
    suitable = (3, 11) <= sys.version_info < (3, 14)
    yield Finding(
        "software",
        "Python",
        "ok" if suitable else "note",
        f"{python} ({sys.executable})",
        "" if suitable else "install Python 3.11, 3.12 or 3.13; others are not tried",
    )
    for name in ("espnet-plugin", "espnet", "torch", "torchaudio", "numpy", "soundfile"):
        found = _version(name)
        remedy = "" if found else f"pip install {name}"
        yield Finding("software", name, "ok" if found else "missing", found, remedy)
    if _version("espnet").startswith("2025") and _numbers(_version("numpy")) >= (2, 4):
        yield Finding(
            "software",
            "numpy with espnet",
            "missing",
            "ESPnet 202511 cannot train with NumPy 2.4 or newer",
            'pip install "numpy<2.4"',
        )


def _devices() -> Iterator[Finding]:
    try:
        import torch
    except ImportError as error:
        yield Finding("devices", "torch", "missing", str(error).splitlines()[0], "pip install torch")
        return
    yield Finding("devices", "CPU", "ok", f"{_cpu_name()}, {torch.get_num_threads()} threads of torch")
    for index in range(torch.cuda.device_count()):
        gpu = torch.cuda.get_device_properties(index)
        yield Finding("devices", f"cuda:{index}", "ok", f"{gpu.name}, {gpu.total_memory / GIB:.0f} GiB")
    if not torch.cuda.is_available():
        driver = _nvidia_driver()
        if driver:
            yield Finding(
                "devices",
                "CUDA",
                "note",
                f"driver {driver} is there, but torch (CUDA {torch.version.cuda}) cannot use it",
                "update the driver, or install the torch build for its CUDA version (pytorch.org)",
            )
        else:
            yield Finding("devices", "CUDA", "ok", "no NVIDIA GPU; everything runs on the CPU")
    if torch.backends.mps.is_available():
        yield Finding("devices", "mps", "ok", "Apple GPU")


def _scans() -> Iterator[Finding]:
    try:
        from espnet_plugin.semamba_pp import selective_scan
    except ImportError as error:
        reason = str(error).splitlines()[0]
        yield Finding("selective scan", "all forms", "missing", reason, "pip install torch numba")
        return
    for form in selective_scan.report():
        state = "ok" if form.available else "note"
        mark = "ACTIVE: " if form.active else ""
        yield Finding("selective scan", form.name, state, mark + form.reason, form.remedy)


def _extras() -> Iterator[Finding]:
    modules: dict[str, list[str]] = {}
    for module, extra in EXTRA_OF_MODULE.items():
        modules.setdefault(extra, []).append(module)
    for extra, names in modules.items():
        missing = [name for name in names if importlib.util.find_spec(name) is None]
        if missing:
            yield Finding("extras", f"[{extra}]", "note", f"without {', '.join(missing)}", _advice(extra))
        else:
            distributions = (DISTRIBUTION_OF_MODULE.get(name, name) for name in names)
            versions = ", ".join(f"{name} {_version(name)}".strip() for name in distributions)
            yield Finding("extras", f"[{extra}]", "ok", versions)


def _advice(extra: str) -> str:
    if extra == "cuda":
        return f"{pip_command(extra)}, for machines with an NVIDIA GPU and nvcc"
    return pip_command(extra)


def _programs() -> Iterator[Finding]:
    path = shutil.which("ffmpeg")
    if path is None:
        yield Finding(
            "programs",
            "ffmpeg",
            "note",
            "not found; needed only to simulate codecs",
            "Debian, Ubuntu: apt install ffmpeg",
        )
        return
    answer = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    yield Finding("programs", "ffmpeg", "ok", " ".join(answer.stdout.split()[:3]) or path)


def _machine() -> Iterator[Finding]:
    limits = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    listed = "".join(f", {name}={os.environ[name]}" for name in limits if name in os.environ)
    yield Finding("machine", "CPU cores", "ok", f"{usable_cores()}{listed}")
    available_gib = free_memory_gib()
    if available_gib is not None:
        little = available_gib < FREE_MEMORY_GIB
        yield Finding(
            "machine",
            "free memory",
            "note" if little else "ok",
            f"{available_gib:.1f} GiB",
            "use a smaller window_s for enhancement and batch_size for training" if little else "",
        )
    free = shutil.disk_usage(Path.cwd()).free
    little = free < FREE_DISK_GIB * GIB
    yield Finding(
        "machine",
        "free disk space here",
        "note" if little else "ok",
        f"{free / GIB:.0f} GiB",
        "free some, or let --dumpdir and --expdir lie on another disk" if little else "",
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _nvidia_driver() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    command = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip().partition("\n")[0] if answer.returncode == 0 else ""
