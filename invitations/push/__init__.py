"""Whoever is not connected: devices, the push messages owed to them, and what these say."""
