"""The embedded PostgreSQL: a real server out of a Python wheel, so that a first run needs nothing installed.

`start(home)` gives a running server with its data below `home`; it listens on a Unix socket only and ends with the
process that started it, however that ends. Production sets DATABASE_URL instead and never comes here.
"""

from patron.postgres.binaries import PostgresError
from patron.postgres.cluster import Running, has_data, running_url, start
from patron.postgres.place import make_home

__all__ = ["PostgresError", "Running", "has_data", "make_home", "running_url", "start"]
