"""Whoever is connected: what is published to open sockets, over which layer, and who is present."""
