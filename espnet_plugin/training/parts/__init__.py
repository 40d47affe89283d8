"""The trainings of GAP-URGENet's five networks, one per file, in the order in which they build up."""

from espnet_plugin.training.parts.adapter import AdapterPart
from espnet_plugin.training.parts.encoder import EncoderPart
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.parts.postnet import PostnetPart
from espnet_plugin.training.parts.predictor import PredictorPart
from espnet_plugin.training.parts.vocoder import VocoderPart

#: By the names of the networks in ``GapUrgenet``; in the order of training.
PARTS: dict[str, type[Part]] = {
    "encoder": EncoderPart,
    "vocoder": VocoderPart,
    "adapter": AdapterPart,
    "predictor": PredictorPart,
    "postnet": PostnetPart,
}

__all__ = [
    "PARTS",
    "AdapterPart",
    "EncoderPart",
    "Part",
    "PostnetPart",
    "PredictorPart",
    "VocoderPart",
]
