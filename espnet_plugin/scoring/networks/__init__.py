"""Networks that metrics need and no library brings: torch only."""
