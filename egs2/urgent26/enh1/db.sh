# To be sourced: where the corpora of the URGENT 2026 challenge lie on this machine.
# The built-in corpus (--corpus mini) and your own folders (--corpus folder) need none of them.
# Fill in what you have for --corpus urgent26; an empty value means "not there".

# Speech
DNS5_SPEECH=      # LibriVox part of the DNS5 challenge: read_speech
LIBRITTS=         # LibriTTS: train-clean-100, train-clean-360, dev-clean
VCTK=             # VCTK 0.92
EARS=             # EARS, 48 kHz
MLS=              # Multilingual LibriSpeech, less compressed: de en es fr
COMMON_VOICE=     # Common Voice 19.0: de en es fr zh-CN
NNCES=            # children's non-native English
SENIOR_TALK=      # SeniorTalk: elderly Mandarin speakers
VOCALSET=         # VocalSet: singing
ESD=              # ESD: emotional speech; needs a signed licence

# Noise
DNS5_NOISE=       # AudioSet and Freesound part of the DNS5 challenge: noise_fullband
WHAM=             # WHAM!, 48 kHz, unsegmented
FSD50K=           # FSD50K, development part
FMA=              # FMA medium: music

# Room impulse responses
DNS5_RIR=         # simulated responses of the DNS5 challenge (SLR28)
