"""Text to speech: the near end of the pipes to the process that runs espeak-ng."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.mini_corpus.speakers import Speaker

PROGRAM = "espnet_plugin.mini_corpus.espeak"


class Synthesiser:
    """Speaks texts; a context manager that ends its process.

    Raises:
        UserError: the package espeakng-loader is not installed.
    """

    def __init__(self):
        # find_spec looks for the package without loading it: this process must stay free of GPL code.
        if importlib.util.find_spec("espeakng_loader") is None:
            raise missing_module("espeakng_loader", "the built-in corpus")
        environment = dict(os.environ)
        package_home = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [package_home, os.environ.get("PYTHONPATH")])
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def __enter__(self) -> Synthesiser:
        return self

    def __exit__(self, *exception) -> None:
        try:
            self._process.stdin.close()
        except BrokenPipeError:  # it has ended before us
            pass
        self._process.stdout.close()
        self._process.wait()

    def speak(self, text: str, speaker: Speaker) -> tuple[np.ndarray, int]:
        """Speak a text with a speaker's voice.

        The same text and speaker give the same samples, whatever was spoken before.

        Returns:
            wave (samples,) float64 of full scale 1, without the silence at both ends; rate_hz.

        Raises:
            UserError: espeak-ng cannot speak it or has ended.
        """
        request = {"text": text, "voice": speaker.voice, "pitch": speaker.pitch, "rate_wpm": speaker.rate_wpm}
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the reason stands in the process's last line
        header = json.loads(self._process.stdout.readline() or b'{"error": "espeak-ng has ended"}')
        if "error" in header:
            raise UserError(f"speech synthesis failed: {header['error']}; reinstall espeakng-loader")
        data = self._process.stdout.read(header["samples"] * 2)
        wave = np.frombuffer(data, dtype=np.int16) / 32768.0
        if not wave.any():
            raise UserError(
                f"speech synthesis failed: voice {speaker.voice} is silent; reinstall espeakng-loader"
            )
        sounding = np.flatnonzero(wave)
        return wave[sounding[0] : sounding[-1] + 1], header["rate_hz"]
