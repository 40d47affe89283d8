"""Simulation of degraded speech: drawing of parameters, rendering of audio, one file per distortion."""
