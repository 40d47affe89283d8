"""Checkpoints: official files, our own packs, ESPnet packs, hub tags."""
