"""Report on a simulated set: how much of what is in it, as tables, pictures and listening samples."""
