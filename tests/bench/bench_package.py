"""Making and checking a submission: python -m tests.bench.bench_package

CPU seconds of this process and of its workers, so other work on the machine hardly matters. The plain variant
encodes one file after the other and checks nothing.
"""

import argparse
import resource
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import soundfile
import yaml

from espnet_plugin.audio.write import write_audio
from espnet_plugin.submission.package import make_package
from espnet_plugin.submission.validate import submission_problems
from tests.submission.filled import readme

RATES_HZ = (8000, 16000, 22050, 24000, 32000, 44100, 48000)


def make_sets(folder, files, seconds):
    """Noisy FLAC and enhanced WAV files of faint noise, which takes as much room as speech does."""
    random = np.random.default_rng(0)
    noisy, enhanced = {}, {}
    waves = {rate_hz: 0.01 * random.standard_normal(round(seconds * rate_hz)) for rate_hz in RATES_HZ}
    for number in range(files):
        name, rate_hz = f"fileid_{number}", RATES_HZ[number % len(RATES_HZ)]
        noisy[name] = folder / "noisy" / f"{name}.flac"
        enhanced[name] = folder / "enhanced" / f"{name}.wav"
        write_audio(noisy[name], waves[rate_hz], rate_hz)
        write_audio(enhanced[name], waves[rate_hz], rate_hz)
    return noisy, enhanced


def make_plainly(enhanced, path, temporary):
    """One file after the other, unchecked."""
    with zipfile.ZipFile(path, "w") as file:
        for name, source in enhanced.items():
            wave, rate_hz = soundfile.read(source)
            soundfile.write(temporary, wave, rate_hz, subtype="PCM_16")
            file.write(temporary, f"enhanced/{name}.flac")


def cpu_s():
    """CPU seconds so far, of this process and of the workers that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main():
    """Print CPU seconds for all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each file")
    parser.add_argument("--nj", type=int, default=2)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        noisy, enhanced = make_sets(folder, options.files, options.seconds)
        description, archive = folder / "README.yaml", folder / "submission.zip"
        description.write_text(yaml.safe_dump(readme()))
        variants = {
            "plain, one process, no check": lambda: make_plainly(
                enhanced, folder / "plain.zip", folder / "plain.flac"
            ),
            f"package, {options.nj} processes, checked": lambda: make_package(
                enhanced, noisy, description, archive, options.nj, progress=False
            ).problems,
            f"validate, {options.nj} processes": lambda: submission_problems(
                archive, noisy, options.nj, progress=False
            ),
        }
        print(f"{options.files} files of {options.seconds} s; CPU seconds of all processes")
        for title, call in variants.items():
            began = cpu_s()
            assert not call()
            print(f"  {title:<34}{cpu_s() - began:9.2f} s")
        print(f"  the zip has {archive.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
