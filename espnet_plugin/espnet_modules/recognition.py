"""Recognition of language and words by ESPnet's OWSM, called as the challenge's scripts call it."""

import warnings
from pathlib import Path

import numpy as np
import torch
from espnet2.bin.s2t_inference import Speech2Text
from espnet2.bin.s2t_inference_ctc import Speech2TextGreedySearch

from espnet_plugin.espnet_modules.model_folder import load_weights, open_model

RATE_HZ = 16000
WINDOW_S = 30
TOKENS_PER_S = 10
MOST_TOKENS = 300


class LanguageRecogniser:
    """OWSM-CTC with greedy search, told neither the language nor the text before.

    Args:
        folder: tree of the repository `espnet/owsm_ctc_v4_1B`.
        device: "cpu", "cuda:1" and the like.

    Raises:
        UserError: the folder does not hold such a model, or its weights do not fit.
    """

    def __init__(self, folder: Path, device: str = "cpu"):
        with open_model(folder) as (config, weights), warnings.catch_warnings():
            # ESPnet 202611 offers the same under another name, which 202511 does not have.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._recogniser = Speech2TextGreedySearch(
                config, None, device=device, lang_sym="<nolang>", task_sym="<asr>"
            )
            load_weights(self._recogniser.s2t_model, weights)

    @torch.inference_mode()
    def __call__(self, wave: np.ndarray) -> str:
        """The first token that is recognised, without its brackets; empty if there is none.

        Args:
            wave: (samples,) float32 at 16 kHz, of any length from 0.14 s on; nothing is padded or cut.
        """
        tokens = self._recogniser(np.ascontiguousarray(wave, dtype=np.float32))[0][1]
        return tokens[0].strip("<>") if tokens else ""


class SpeechRecogniser:
    """OWSM with beam search, told the language.

    Args:
        folder: tree of the repository `espnet/owsm_v3.1_ebf`.
        device: "cpu", "cuda:1" and the like.
        beam: hypotheses that are kept.

    Raises:
        UserError: the folder does not hold such a model, or its weights do not fit.
    """

    def __init__(self, folder: Path, device: str = "cpu", beam: int = 5):
        with open_model(folder) as (config, weights):
            self._recogniser = Speech2Text(
                config, None, device=device, beam_size=beam, task_sym="<asr>", predict_time=False
            )
            load_weights(self._recogniser.s2t_model, weights)

    def knows(self, language: str) -> bool:
        """Whether the model has a token for a language (ISO 639-3)."""
        return f"<{language}>" in self._recogniser.converter.token2id

    @torch.inference_mode()
    def __call__(self, wave: np.ndarray, language: str) -> str:
        """The recognised text, not normalised.

        Up to 30 s are padded with zeros to 30 s and give at most ten tokens per second. A longer wave is
        recognised window by window; then every line begins with its times in brackets, as in the challenge's
        script. If that fails, the first 30 s are recognised, as there.

        Args:
            wave: (samples,) float32 at 16 kHz.
            language: ISO 639-3, one that the model `knows`.
        """
        wave = np.ascontiguousarray(wave, dtype=np.float32)
        symbol = f"<{language}>"
        if len(wave) > WINDOW_S * RATE_HZ:
            self._recogniser.maxlenratio = -MOST_TOKENS
            try:
                return "\n".join(
                    f"[{_clock(start_s)} --> {_clock(end_s)}] {text}"
                    for start_s, end_s, text in self._recogniser.decode_long(wave, lang_sym=symbol)
                )
            except IndexError:
                pass  # ESPnet 202511 on a window in which no time was recognised
        # A negative number is the most tokens that may come.
        self._recogniser.maxlenratio = -min(MOST_TOKENS, int(len(wave) / RATE_HZ * TOKENS_PER_S))
        # The empty text before is not the same as none: it lets the prompt begin with <sop>, as the script's.
        return self._recogniser(wave, "", lang_sym=symbol)[0][3]


def _clock(seconds: float) -> str:
    """Hours, minutes, seconds and milliseconds.

    >>> _clock(61.5)
    '00:01:01.500'
    """
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
