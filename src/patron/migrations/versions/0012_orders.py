"""Orders, as far as they say something about customers."""

from patron.migrations.sql import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0012_orders")
