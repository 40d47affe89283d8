"""Scores of enhanced speech: one file per metric, and the runs, tables and pictures around them."""
