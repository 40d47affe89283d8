"""The speakers of the built-in corpus: espeak-ng voice variants, each of which belongs to one split."""

from dataclasses import dataclass

SPLITS = ("train", "valid", "test")
LANGUAGES = ("eng", "deu", "fra", "spa", "cmn")

# Voice variants of espeak-ng. A variant serves one split in one role only, so neither the speech nor the
# babble of the test split was heard in training. Left out are variants with an `echo` line (m2, f2 to f5 and
# others), which carry a reflection 130 ms after the voice, as the target of enhancement must be dry, and
# those with a `breath` line, whose samples differ from run to run.
SPEECH_VARIANTS = {
    "train": ("m1", "f1", "m4", "Annie", "m7", "aunty"),
    "valid": ("m3", "grandma"),
    "test": ("m6", "linda"),
}
BABBLE_VARIANTS = {
    "train": ("m8", "belinda", "adam", "Andrea", "max", "steph"),
    "valid": ("marcelo", "anika", "quincy", "m5"),
    "test": ("Lee", "shelby", "david", "Nguyen"),
}

# Accents that espeak-ng offers for a language; the speakers of a language take them in turn.
ACCENTS = {
    "eng": ("en-us", "en", "en-gb-scotland"),
    "deu": ("de",),
    "fra": ("fr", "fr-be", "fr-ch"),
    "spa": ("es", "es-419"),
    "cmn": ("cmn",),
}

# espeak-ng counts rate in words per minute of an average language. Mandarin syllables are words to it.
RATE_WPM = {"eng": 165, "deu": 165, "fra": 170, "spa": 165, "cmn": 190}

# Each speaker of a language gets his own pitch and pace, on espeak-ng's scale of 0 to 99 and as a factor.
PITCHES = (50, 42, 58, 38, 62, 46)
PACES = (1.0, 0.93, 1.06, 1.1, 0.9, 1.02)


@dataclass(frozen=True)
class Speaker:
    """One speaker.

    Attributes:
        speaker_id: language and voice variant, such as `deu_m1`.
        language: ISO 639-3 code.
        voice: name espeak-ng knows, accent and variant, such as `de+m1`.
        pitch: base pitch on espeak-ng's scale, 0 to 99.
        rate_wpm: pace in words per minute.
    """

    speaker_id: str
    language: str
    voice: str
    pitch: int
    rate_wpm: int


def speakers_of(split: str, language: str) -> tuple[Speaker, ...]:
    """The speakers whose speech one split holds in one language, always in the same order."""
    return _speakers(SPEECH_VARIANTS[split], language)


def babble_speakers_of(split: str) -> tuple[Speaker, ...]:
    """The speakers of one split's babble noise, over all languages; none of them speaks in any split."""
    variants = BABBLE_VARIANTS[split]
    return tuple(speaker for language in LANGUAGES for speaker in _speakers(variants, language))


def _speakers(variants: tuple[str, ...], language: str) -> tuple[Speaker, ...]:
    accents = ACCENTS[language]
    shift = LANGUAGES.index(language)  # the same variant sounds different in each language
    speakers = []
    for index, variant in enumerate(variants):
        turn = (index + shift) % len(PITCHES)
        speakers.append(
            Speaker(
                speaker_id=f"{language}_{variant.lower()}",
                language=language,
                voice=f"{accents[index % len(accents)]}+{variant}",
                pitch=PITCHES[turn],
                rate_wpm=round(RATE_WPM[language] * PACES[turn]),
            )
        )
    return tuple(speakers)
