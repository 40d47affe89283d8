"""All corpora of the challenge, in the order in which its scripts put their lists together."""

from espnet_plugin.corpora import (
    common_voice,
    dns5_noise,
    dns5_rirs,
    dns5_speech,
    ears,
    esd,
    fma,
    fsd50k,
    libritts,
    mls,
    nnces,
    seniortalk,
    vctk,
    vocalset,
    wham,
)

SPEECH = (esd, nnces, seniortalk, vocalset, common_voice, dns5_speech, ears, libritts, mls, vctk)
NOISE = (dns5_noise, wham, fma, fsd50k)
ROOMS = (dns5_rirs,)

CORPORA = {module.CORPUS.name: module.CORPUS for module in (*SPEECH, *NOISE, *ROOMS)}
