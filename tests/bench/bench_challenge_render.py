"""Rendering of the challenge's mixture: python -m tests.bench.bench_challenge_render [--speech FOLDER]

Counts CPU seconds of this process and of the ffmpeg processes it starts, so that other work on the machine
hardly matters. The plain variant is one library call or process for each step; both take turns in one run and
give the same audio.
"""

import argparse
import contextlib
import os
import resource
import tempfile
from pathlib import Path

import numpy as np
import yaml

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.resample import resample
from espnet_plugin.audio.write import write_audio
from tests.bench.plain_challenge import plain_steps

RATE_HZ = 48000
SECONDS = 2.77  # the mean of the recordings that the official renderer was measured with


def cpu_seconds():
    """Of this process and of its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def write_list(folder, name, waves):
    """Write FLAC files as corpora have them, and their list."""
    lines = []
    for number, wave in enumerate(waves):
        uid = f"{name}_{number}"
        write_audio(folder / name / f"{uid}.flac", 0.3 * wave / np.abs(wave).max(), RATE_HZ)
        lines.append(f"{uid} {RATE_HZ} {folder / name / uid}.flac\n")
    (folder / f"{name}.scp").write_text("".join(lines))


def make_corpus(folder, speech_dir, items):
    """Recordings of a folder or noise in their place, noises of 10 s and rooms of 1 s."""
    random = np.random.default_rng(0)

    def hiss(seconds, count, decay_s=np.inf):
        for _ in range(count):
            samples = round(seconds * RATE_HZ)
            yield random.standard_normal(samples) * np.exp(-np.arange(samples) / RATE_HZ / decay_s)

    def recordings():
        files = sorted(path for path in Path(speech_dir).iterdir() if path.suffix in (".wav", ".flac"))
        for number in range(items):
            wave, rate_hz = read_audio(files[number % len(files)])
            yield resample(wave[:, 0].astype(np.float64), rate_hz, RATE_HZ)

    write_list(folder, "speech", recordings() if speech_dir else hiss(SECONDS, items))
    write_list(folder, "noise", hiss(10, 20))
    write_list(folder, "wind_noise", hiss(15, 3))
    write_list(folder, "rirs", hiss(1, 20, decay_s=0.1))


def write_config(folder, **changes):
    """The official mixture."""
    codecs = [
        {"format": "mp3", "encoder": None, "qscale": [1, 10]},
        {"format": "ogg", "encoder": ["vorbis", "opus"], "qscale": [-1, 10]},
    ]
    config = {
        "speech_scps": ["speech.scp"], "noise_scps": ["noise.scp"], "wind_noise_scps": ["wind_noise.scp"],
        "rir_scps": ["rirs.scp"], "speech_utt2spk": [], "speech_text": [], "log_dir": "log",
        "output_dir": "set", "store_noise": False, "seed": 0, "repeat_per_utt": 1, "snr_low_bound": -5.0,
        "snr_high_bound": 20.0, "wind_noise_snr_low_bound": -10.0, "wind_noise_snr_high_bound": 15.0,
        "prob_wind_noise": 0.05, "prob_reverberation": 0.5, "reuse_noise": True, "reuse_rir": True,
        "num_augmentations": {0: 0.25, 1: 0.40, 2: 0.20, 3: 0.15},
        "augmentations": {
            "bandwidth_limitation": {"weight": 1.0, "resample_methods": "random"},
            "clipping": {
                "weight": 1.0, "clipping_min_quantile": [0.0, 0.1], "clipping_max_quantile": [0.9, 1.0],
            },
            "codec": {"weight": 1.0, "config": codecs},
            "packet_loss": {
                "weight": 1.0, "packet_duration_ms": 20, "packet_loss_rate": [0.05, 0.25],
                "max_continuous_packet_loss": 10,
            },
        },
        "wind_noise_config": {
            "threshold": [0.1, 0.3], "ratio": [1, 20], "attack": [5, 100], "release": [5, 100],
            "sc_gain": [0.8, 1.2], "clipping_threshold": [0.85, 1.0], "clipping_chance": 0.75,
        },
    }  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(config | changes))
    return folder / "config.yaml"


def main():
    """Print items per CPU second, plain and ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", help="folder of recordings (default: noise)")
    parser.add_argument("--items", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()

    from espnet_plugin.simulation.challenge.draw import draw
    from espnet_plugin.simulation.challenge.render import render

    variants = {"plain library calls": plain_steps, "ours": contextlib.nullcontext}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_corpus(folder, options.speech, options.items)
        config = write_config(folder)
        draw(config, folder)
        best = {variant: float("inf") for variant in variants}
        for number in range(options.rounds + 1):
            for variant, context in variants.items():
                part = None if number else (1, 8)  # the first round imports and compiles
                before = cpu_seconds()
                with context():
                    done = render(config, folder / "meta.tsv", folder / f"{variant} {number}", part=part)
                assert done.made and not done.failed
                if number:
                    best[variant] = min(best[variant], (cpu_seconds() - before) / done.made)
        plain, ours = (sorted((folder / f"{variant} 1").rglob("*.flac")) for variant in variants)
        pairs = zip(plain, ours, strict=True)
        steps = max(np.abs(read_audio(a)[0] - read_audio(b)[0]).max() for a, b in pairs) * 2**15
        print(f"{options.items} items of the official mixture (1-minute load {os.getloadavg()[0]:.1f})")
        for variant, cost in best.items():
            print(f"  {variant:<24}{1 / cost:8.1f} items per CPU second{1e3 * cost:9.1f} ms each")
        ratio = best["plain library calls"] / best["ours"]
        print(f"  ratio {ratio:.1f}; largest difference {steps:.0f} steps of 16 bits")


if __name__ == "__main__":
    main()
