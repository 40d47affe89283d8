"""Speaker embeddings of ESPnet's RawNet3."""

from pathlib import Path

import numpy as np
import torch
from espnet2.tasks.spk import SpeakerTask

from espnet_plugin.espnet_modules.model_folder import load_weights, open_model


class SpeakerEmbedding:
    """Wave to embedding, as the network was trained and as the challenge computes it, with ESPnet 202412.

    Since 2025 ESPnet hands the pooling the number of frames before the encoder, fifteen times as many as
    there are, and divides by it; that, and another estimate of the variance, changes embeddings of RawNet3.
    Hence the statistics are computed here.

    Args:
        folder: tree of the repository `espnet/voxcelebs12_rawnet3`.
        device: "cpu", "cuda:1" and the like.

    Raises:
        UserError: the folder does not hold such a model, or its weights do not fit.
    """

    def __init__(self, folder: Path, device: str = "cpu"):
        with open_model(folder) as (config, weights):
            self._network, _ = SpeakerTask.build_model_from_file(config, None, device)
            load_weights(self._network, weights)
        self._network.eval()
        self._device = device

    @torch.inference_mode()
    def __call__(self, wave: np.ndarray) -> torch.Tensor:
        """The embedding of a wave.

        Args:
            wave: (samples,) float32 at 16 kHz, at least 715 samples, which make two frames.

        Returns:
            (192,) on the CPU.
        """
        speech = torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32)).to(self._device)
        features, _ = self._network.extract_feats(speech[None], None)
        frames = self._network.encode_frame(features)
        return self._network.project_spk_embd(self._pool(frames))[0].cpu()

    def _pool(self, frames: torch.Tensor) -> torch.Tensor:
        """Attentive statistics: (1, C, T) to means and deviations (1, 2 C)."""
        variance, mean = torch.var_mean(frames, dim=2, keepdim=True)
        deviation = variance.clamp(1e-4, 1e4).sqrt()
        context = torch.cat((frames, mean.expand_as(frames), deviation.expand_as(frames)), dim=1)
        weights = self._network.pooling.attention(context).softmax(dim=2)
        mean = (weights * frames).sum(dim=2)
        variance = (weights * frames**2).sum(dim=2) - mean**2
        return torch.cat((mean, variance.clamp(1e-4, 1e4).sqrt()), dim=1)
