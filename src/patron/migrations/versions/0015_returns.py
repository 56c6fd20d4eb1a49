"""Returns of orders, and orders that come again."""

from patron.migrations.sql import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0015_returns")
