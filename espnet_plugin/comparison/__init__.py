"""Several models on the same recordings and the same machine: what they give and what they cost."""
