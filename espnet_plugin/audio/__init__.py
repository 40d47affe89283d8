"""Reading, writing, resampling and listing of audio files; numpy, soundfile and soxr only."""
