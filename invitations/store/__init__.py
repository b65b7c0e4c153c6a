"""How calls are read and written: rows, statements, people, ring resources, and a call as a verb holds it."""
