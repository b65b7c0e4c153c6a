"""The description of what is told without being asked for, for machines (AsyncAPI 3): the live socket and hooks."""
