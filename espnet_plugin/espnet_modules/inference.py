"""ESPnet's ``SeparateSpeech`` with a strict check of the model file."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from espnet2.bin import enh_inference

from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.espnet_modules.loading import load_strictly
from espnet_plugin.espnet_modules.registration import register

register()

#: Rate of models with ``always_forward_in_48k``.
_FORWARD_HZ = 48000


class SeparateSpeech(enh_inference.SeparateSpeech):
    """As ESPnet's class of this name, but a model file that does not fit is an error.

    ESPnet ignores missing, unexpected and renamed tensors and then enhances with random weights. And where a
    model always works at 48 kHz, segments have the seconds that were asked for.

    Args:
        train_config: the ``config.yaml`` of the model; by default the one beside the model file.
        model_file: the tensors.
        options: everything else that ESPnet's class takes.

    Raises:
        UserError: no model file, no configuration, or tensors that do not fit.
    """

    def __init__(
        self, train_config: str | Path | None = None, model_file: str | Path | None = None, **options: Any
    ) -> None:
        if model_file is None:
            raise UserError("no model file: give model_file=.../model.pth (or --model_file)")
        config = Path(train_config) if train_config is not None else Path(model_file).parent / "config.yaml"
        if not config.is_file():
            raise UserError(f"the configuration {config} does not exist; give train_config=.../config.yaml")
        # Without a model file ESPnet builds the model only.
        super().__init__(train_config=config, model_file=None, **options)
        load_strictly(self.enh_model, model_file)

    def __call__(
        self, speech_mix: torch.Tensor | np.ndarray, fs: int = 8000, **others: Any
    ) -> list[torch.Tensor | np.ndarray]:
        """Enhance recordings (B, N) or (B, N, C) at the rate ``fs``; see ESPnet's class."""
        if not (self.segmenting and self.enh_model.always_forward_in_48k):
            return super().__call__(speech_mix, fs, **others)
        asked = self.segment_size, self.hop_size
        # ESPnet counts the samples of a segment at the rate of the recording, which is no longer theirs, and
        # cuts fractions off: a trace more keeps whole samples whole.
        more = _FORWARD_HZ / fs * (1 + 1e-12)
        self.segment_size, self.hop_size = (seconds * more for seconds in asked)
        try:
            return super().__call__(speech_mix, fs, **others)
        finally:
            self.segment_size, self.hop_size = asked

    @staticmethod
    def from_pretrained(model_tag: str | None = None, **options: Any) -> "SeparateSpeech":
        """Build from a packed model (a .zip) or a tag of the ESPnet model zoo.

        Args:
            model_tag: path or tag; without it ``options`` name the files.
            options: as for the class.
        """
        if model_tag is not None:
            try:
                from espnet_model_zoo.downloader import ModelDownloader
            except ModuleNotFoundError as error:
                raise missing_module("espnet_model_zoo", "reading packed models") from error
            options.update(ModelDownloader().download_and_unpack(model_tag))
        return SeparateSpeech(**options)
