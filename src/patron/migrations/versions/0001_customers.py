"""Customers, how they sign in, what is known about them."""

from patron.migrations.sql import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0001_customers")
