"""Benchmarks: python -m tests.bench.NAME. Their processes use memory and threads as the command does."""

from espnet_plugin import process_settings

process_settings.settle()
