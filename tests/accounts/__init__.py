"""Accounts: signing in by whatever way, and what guards it."""
