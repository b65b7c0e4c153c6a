"""How a call is read and written: rows, statements, and a call as a verb holds it."""
