"""Customers who want to be forgotten."""

from patron.migrations.sql import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0016_anonymization")
