"""What a person may ask of whoever keeps their data: a copy of it, and that it goes.

Writes no state of calls itself: `calls.forgetting` does."""
