"""NISQA v2.0 (Mittag et al. 2021): opinion score and four reasons for it, predicted without a reference."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable
from espnet_plugin.scoring.weights import WeightFile, Weights

if TYPE_CHECKING:
    from torch import Tensor

    from espnet_plugin.scoring.networks.nisqa import NisqaNetwork

WEIGHTS_NAME = "nisqa.tar"
# The settings inside the published file. It names no rate: each file is analysed at its own.
FFT_SAMPLES, HOP_S, WINDOW_S, HIGHEST_HZ = 4096, 0.01, 0.02, 20000
SEGMENT_HOP_FRAMES, MOST_SEGMENTS = 4, 1300


class Nisqa(Metric):
    """Overall quality (ranked in the challenge), noisiness, discontinuity, coloration and loudness, 1 to 5.

    The values have no hard limits and fall below 1 for very bad files. torchmetrics has the same network, but
    reads its weights from one fixed place only and always computes the full 52 s.
    """

    columns = (
        Column("NISQA"),
        Column("NISQA_NOI", title="NISQA noisiness", shown=False),
        Column("NISQA_DIS", title="NISQA discontinuity", shown=False),
        Column("NISQA_COL", title="NISQA coloration", shown=False),
        Column("NISQA_LOUD", title="NISQA loudness", shown=False),
    )
    needs_reference = False
    packages = {"librosa": "librosa"}
    weights = Weights(
        folder="nisqa",
        files=(
            WeightFile(
                WEIGHTS_NAME,
                "https://github.com/gabrielmittag/NISQA/raw/fe84f0f252abec382b24367d5b22498a7ce34dbb"
                f"/weights/{WEIGHTS_NAME}",
            ),
        ),
        licence="CC BY-NC-SA 4.0",
        page="https://github.com/gabrielmittag/NISQA",
        size_mb=1,
    )
    memory_gib = 0.8
    _network = None

    def score(self, item: Item) -> tuple[float, ...]:
        import torch

        segments = mel_segments(item.estimate, item.rate_hz)
        if self._network is None:
            self._network = read_nisqa(self.weights_folder() / WEIGHTS_NAME).to(self.setup.device)
        with torch.inference_mode():
            return tuple(self._network(segments.to(self.setup.device)).tolist())


def mel_segments(wave: np.ndarray, rate_hz: int) -> Tensor:
    """What the network is given: overlapping pieces of the mel spectrogram in dB.

    Args:
        wave: float32 of shape (samples,).
        rate_hz: its sampling rate; bands above half of it stay empty.

    Returns:
        (segments, 48 mel bands, 15 frames).

    Raises:
        Unscorable: too short for one segment, or more segments than the network was made for.
    """
    import torch

    from espnet_plugin.scoring.networks.nisqa import MEL_BANDS, SEGMENT_FRAMES

    hop = int(rate_hz * HOP_S)
    frames = 1 + len(wave) // hop
    if frames < SEGMENT_FRAMES:
        raise Unscorable(f"NISQA needs at least {(SEGMENT_FRAMES - 1) * HOP_S:.2f} s")
    if (frames - SEGMENT_FRAMES) // SEGMENT_HOP_FRAMES >= MOST_SEGMENTS:
        raise Unscorable(f"NISQA takes at most {MOST_SEGMENTS * SEGMENT_HOP_FRAMES * HOP_S:.0f} s")

    import librosa

    with warnings.catch_warnings():
        # Bands above half of the rate, and files shorter than the Fourier transform.
        warnings.filterwarnings("ignore", message="Empty filters detected|n_fft=", category=UserWarning)
        amplitude = librosa.feature.melspectrogram(
            y=wave,
            sr=rate_hz,
            n_fft=FFT_SAMPLES,
            hop_length=hop,
            win_length=int(rate_hz * WINDOW_S),
            pad_mode="reflect",
            power=1.0,
            n_mels=MEL_BANDS,
            fmax=HIGHEST_HZ,
        )
    level_db = librosa.amplitude_to_db(amplitude, ref=1.0, amin=1e-4, top_db=80.0)
    return torch.from_numpy(level_db).unfold(1, SEGMENT_FRAMES, SEGMENT_HOP_FRAMES).transpose(0, 1)


def read_nisqa(path: Path) -> NisqaNetwork:
    """The network with the tensors of the published `nisqa.tar`, a torch file in spite of its name.

    Raises:
        UserError: the file is damaged, holds more than tensors and plain values, or is another model's, such
            as `nisqa_mos_only.tar` of the same authors.
    """
    from espnet_plugin.pretrained.load import load_strictly, read_torch_file
    from espnet_plugin.scoring.networks.nisqa import NisqaNetwork

    content = read_torch_file(path)
    state = content.get("model_state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise UserError(f"{path} is no checkpoint of NISQA: it has no entry 'model_state_dict'")
    # Around each part the original has a wrapper that chooses between kinds of parts.
    state = {name.replace(".model.", "."): tensor for name, tensor in state.items()}
    network = NisqaNetwork()
    load_strictly(network, state, str(path))
    return network.requires_grad_(False).eval()
