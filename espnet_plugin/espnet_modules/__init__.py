"""Adapters between this package and ESPnet: the only place that imports ESPnet's tasks, trainers and models.

Importing a module of this folder costs as much as importing ESPnet's enhancement task, some ten seconds.
"""
