"""The listening report: scores, spectrograms and players of several systems in one HTML file."""
