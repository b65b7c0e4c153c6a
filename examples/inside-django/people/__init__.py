"""The people who work at the hospital."""
