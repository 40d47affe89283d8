"""Commands ``python -m espnet_plugin.bin.NAME``: register our classes, then do what ESPnet's command does."""
