"""`patron serve`: one command that runs a whole installation, from the database to the demo shop.

A small supervisor that holds no request in its hands: it makes what is missing (data folder, key, schema, demo shop),
binds the port once, and looks after PostgreSQL, the server processes and the background worker until Ctrl-C.
"""

from patron.serve.run import serve

__all__ = ["serve"]
