"""The package that the challenge's server takes: made, and checked."""
