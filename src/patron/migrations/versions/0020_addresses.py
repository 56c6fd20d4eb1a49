"""Addresses that stand alone, customer addresses and subscriptions of the second dialect."""

from patron.migrations.sql import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0020_addresses")
