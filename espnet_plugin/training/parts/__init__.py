"""The trainings of GAP-URGENet's networks, one per file, in the order in which they build up."""

from espnet_plugin.training.parts.adapter import AdapterPart
from espnet_plugin.training.parts.encoder import EncoderPart
from espnet_plugin.training.parts.joint import JointPart
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.parts.postnet import PostnetPart
from espnet_plugin.training.parts.predictor import PredictorPart
from espnet_plugin.training.parts.vocoder import VocoderPart

#: By the names of the networks in ``GapUrgenet``, and what several of them learn together; in this order.
PARTS: dict[str, type[Part]] = {
    "encoder": EncoderPart,
    "vocoder": VocoderPart,
    "adapter": AdapterPart,
    "predictor": PredictorPart,
    "postnet": PostnetPart,
    "joint": JointPart,
}


def networks_of(part: str) -> tuple[str, ...]:
    """The names of the networks that learn in a training of ``PARTS``."""
    return PARTS[part].TOGETHER or (part,)


__all__ = [
    "PARTS",
    "AdapterPart",
    "EncoderPart",
    "JointPart",
    "Part",
    "PostnetPart",
    "PredictorPart",
    "VocoderPart",
    "networks_of",
]
