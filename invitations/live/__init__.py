"""People who are connected: what is published to their open sockets, over which layer, and who is online."""
