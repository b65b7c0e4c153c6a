"""The repository itself: what may be committed, and who may import whom."""
