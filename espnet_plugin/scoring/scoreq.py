"""SCOREQ (Ragano et al. 2024): mean opinion score of natural speech, predicted without a reference."""

from __future__ import annotations

import numpy as np

from espnet_plugin.audio.sinc_resample import sinc_resample
from espnet_plugin.scoring.metric import Column, Item, Metric
from espnet_plugin.scoring.network_input import RATE_HZ, network_input
from espnet_plugin.scoring.onnx_session import single_thread_session
from espnet_plugin.scoring.weights import WeightFile, Weights

WEIGHTS_NAME = "adapt_nr_telephone.onnx"
#: The wave is filled up with zeros to a multiple of one step of the network.
STEP_SAMPLES = 320


class Scoreq(Metric):
    """The model of natural speech without reference at 16 kHz, always on the CPU.

    The published file runs directly in onnxruntime, since importing the package scoreq starts a download.
    Other rates are resampled by torchaudio's default kernel, as the original does.
    """

    columns = (Column("SCOREQ"),)
    needs_reference = False
    packages = {"onnxruntime": "onnxruntime"}
    weights = Weights(
        folder="scoreq",
        files=(WeightFile(WEIGHTS_NAME, f"https://zenodo.org/records/15739280/files/{WEIGHTS_NAME}"),),
        licence="CC BY 4.0",
        page="https://zenodo.org/records/15739280",
        size_mb=378,
    )
    memory_gib = 2
    _session = None

    def score(self, item: Item) -> tuple[float, ...]:
        wave = sinc_resample(item.estimate, item.rate_hz, RATE_HZ)
        wave = network_input(np.pad(wave, (0, -len(wave) % STEP_SAMPLES)), RATE_HZ)
        if self._session is None:
            self._session = single_thread_session(self.weights_folder() / WEIGHTS_NAME)
        (name,) = (entry.name for entry in self._session.get_inputs())
        return (self._session.run(None, {name: wave[None]})[0].item(),)
