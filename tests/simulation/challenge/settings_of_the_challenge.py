"""The challenge's own ranges without its files."""

from dataclasses import replace

from espnet_plugin.simulation.challenge.settings import ChallengeSettings, Wind
from espnet_plugin.simulation.challenge.steps import (
    BandwidthLimitation,
    Clipping,
    Codec,
    Format,
    PacketLoss,
)


def challenge_settings(**differences):
    """Settings of section C.1; `differences` replace attributes."""
    settings = ChallengeSettings(
        speech_lists=(),
        speaker_lists=(),
        text_lists=(),
        noise_lists=(),
        wind_noise_lists=(),
        response_lists=(),
        output_dir="simulated",
        store_noise=False,
        seed=0,
        repetitions=1,
        snr_db=(-5.0, 20.0),
        wind_snr_db=(-10.0, 15.0),
        wind_probability=0.05,
        reverberation=0.5,
        reuse_noises=True,
        reuse_responses=True,
        step_counts={0: 0.25, 1: 0.4, 2: 0.2, 3: 0.15},
        steps={
            "bandwidth_limitation": BandwidthLimitation(1.0),
            "clipping": Clipping(1.0, (0.0, 0.1), (0.9, 1.0)),
            "codec": Codec(
                1.0, (Format("mp3", (None,), (1, 10)), Format("ogg", ("vorbis", "opus"), (-1, 10)))
            ),
            "packet_loss": PacketLoss(1.0, 20, (0.05, 0.25), 10),
        },
        wind=Wind((0.1, 0.3), (1, 20), (5, 100), (5, 100), (0.8, 1.2), (0.85, 1.0), 0.75),
    )
    return replace(settings, **differences)
