# To be sourced: where the corpora of the URGENT 2026 challenge lie on this machine.
# The built-in corpus (--corpus mini) and your own folders (--corpus folder) need none of them.
# Fill in what you have for --corpus urgent26; an empty value means "not there".

# Stage 1 tells of what is missing, where to get it, how large it is and under which licence; with
# --allow_missing true it goes on without. Name the folders that the downloads were extracted to.

# Speech
DNS5_SPEECH=      # LibriVox part of the DNS5 challenge: read_speech
LIBRITTS=         # LibriTTS: train-clean-100, train-clean-360, dev-clean
VCTK=             # VCTK 0.92
EARS=             # EARS, 48 kHz
MLS=              # Multilingual LibriSpeech, less compressed: de en es fr
COMMON_VOICE=     # Common Voice 19.0: de en es fr zh-CN
NNCES=            # children's non-native English
SENIORTALK=       # SeniorTalk: elderly Mandarin speakers
VOCALSET=         # VocalSet: singing
ESD=              # ESD: emotional speech; needs a signed licence

# Noise
DNS5_NOISE=       # AudioSet and Freesound part of the DNS5 challenge: noise_fullband
WHAM=             # WHAM!, 48 kHz, unsegmented
FSD50K=           # FSD50K, development part, with ground truth and AudioSet's ontology
FMA=              # FMA medium: music, with fma_metadata

# Room impulse responses
DNS5_RIRS=        # simulated responses of the DNS5 challenge

# The challenge's own tables, if you have its repositories; both save days of computing.
URGENT26_META=       # folder meta of urgent2026_challenge_track1: which utterances are used
URGENT25_DATAFILES=  # folder datafiles of urgent2025_challenge: bandwidths that were estimated already

urgent26_corpora="DNS5_SPEECH LIBRITTS VCTK EARS MLS COMMON_VOICE NNCES SENIORTALK VOCALSET ESD
    DNS5_NOISE WHAM FSD50K FMA DNS5_RIRS"
