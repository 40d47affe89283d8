"""The built-in corpus: synthetic speech, noises and rooms, made on the spot without a download."""
