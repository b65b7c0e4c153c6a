"""People who are not connected: their devices, the push messages owed to them, and what these say."""
