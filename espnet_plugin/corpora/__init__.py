"""The corpora of the URGENT 2026 challenge: from the user's downloads to the lists a simulation reads."""
