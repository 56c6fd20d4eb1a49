"""`python -m patron.migrations`: bring the database of DATABASE_URL to the newest schema.

A process of its own, because Alembic needs SQLAlchemy (0.4 s and 47 MB), which the server never does.
"""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config


def migrate(url: str) -> None:
    """Run all revisions that the database lacks. Safe to repeat."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["database_url"] = url
    command.upgrade(config, "head")


if __name__ == "__main__":
    migrate(os.environ["DATABASE_URL"])
