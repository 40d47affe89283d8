"""What is known about each kind of network, for its model card."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Kind:
    """A kind of network.

    Attributes:
        what: what it is.
        load: its name in ``espnet_plugin.load``; empty if it cannot enhance a recording by itself.
        limits: what to expect and what not to use it for.
        citation: BibTeX entry; empty if none is known.
        recordings: what recordings it takes in ESPnet, in words behind a sentence; empty for any.

    ``what``, ``limits`` and ``recordings`` may hold ``{separator}``, ``{rate}`` (that of the network) and
    ``{highest}`` (half of it).
    """

    what: str
    load: str
    limits: tuple[str, ...]
    citation: str = ""
    recordings: str = ""

    def of(self, separator: str, rate_hz: int) -> "Kind":
        """The texts for one model."""
        words = {
            "separator": separator,
            "rate": f"{rate_hz / 1000:g} kHz",
            "highest": f"{rate_hz / 2000:g} kHz",
        }
        return replace(
            self,
            what=self.what.format(**words),
            limits=tuple(limit.format(**words) for limit in self.limits),
            recordings=self.recordings.format(**words),
        )


ANY_SPEECH = (
    "Not for forensics, evidence or transcripts on which something depends: what was not heard may be "
    "made up.",
    "Made for speech; music and other sounds are taken for noise.",
    "Quality differs between languages, voices and kinds of damage; look at the scores of what is like "
    "yours, and listen.",
)
_NOT_CAUSAL = "Not causal: it needs the whole recording, or long windows of it, and does not work live."

_GAP_CITATION = """\
@inproceedings{rong2026gapurgenet,
  author = {Rong, Xiaobin and Wang, Yushi and Wang, Zheng and Lu, Jing},
  title = {{GAP-URGENet}: A Generative-Predictive Fusion Framework for Universal Speech Enhancement},
  booktitle = {ICASSP 2026},
  year = {2026},
  note = {arXiv:2604.01832},
}
"""

KINDS = {
    "semamba_pp": Kind(
        what="SEMamba++ ([arXiv 2603.11669](https://arxiv.org/abs/2603.11669)) restores speech at {rate}:\n"
        "it removes noise and reverberation, and makes up what clipping and narrow bands took away. In its\n"
        "released size it has 2.66 M parameters.",
        load="semamba_pp",
        limits=(
            "It can change words: where speech is badly damaged, missing sounds are made up and may be the "
            "wrong ones.",
            "It works at {rate}: nothing above {highest} is restored.",
            _NOT_CAUSAL,
        ),
        citation="""\
@article{lee2026semambapp,
  author = {Lee, Yongjoon and Choi, Jung-Woo},
  title = {{SEMamba++}: A General Speech Restoration Framework Leveraging Global, Local, and Periodic Spectral
           Patterns},
  journal = {arXiv:2603.11669},
  year = {2026},
}
""",
        recordings=" (recordings at {rate})",
    ),
    "gap_urgenet": Kind(
        what="GAP-URGENet ([arXiv 2604.01832](https://arxiv.org/abs/2604.01832)) restores speech up to\n"
        "48 kHz: a generative and a predictive network work side by side, and a third one fuses what they\n"
        "give. As released it has 568.6 M parameters.",
        load="gap_urgenet",
        limits=(
            "It can change words and voices: the generative branch makes up what it cannot hear, and lost "
            'packets are filled in. `ep.load(..., branch="predictive")` keeps to the recorded words, up to '
            "8 kHz.",
            "It is large: 468 GMAC per second of audio as released.",
            _NOT_CAUSAL,
        ),
        citation=_GAP_CITATION,
    ),
    "gap_predictor": Kind(
        what="The predictive branch of GAP-URGENet ([arXiv 2604.01832](https://arxiv.org/abs/2604.01832))\n"
        "by itself, a TF-GridNet at 16 kHz.",
        load="espnet",
        limits=("It works at 16 kHz: nothing above 8 kHz is restored.", _NOT_CAUSAL),
        citation=_GAP_CITATION,
        recordings=" (recordings at 16 kHz)",
    ),
    "gap_postnet": Kind(
        what="The last part of GAP-URGENet ([arXiv 2604.01832](https://arxiv.org/abs/2604.01832)) by\n"
        "itself: it fuses two restorations of a recording at 48 kHz, a predictive and a generative one.",
        load="",
        limits=("It is a part: it enhances nothing by itself.", _NOT_CAUSAL),
        citation=_GAP_CITATION,
        recordings=" (recordings at 48 kHz with two channels: first the predictive, then the generative one)",
    ),
}

STOCK = Kind(
    what="A network for speech enhancement of ESPnet's stock (`{separator}`).",
    load="espnet",
    limits=("Whether it is causal is a matter of its configuration, see below.",),
)
