"""Imports and exports of customers: how far each came, and what was wrong with which row."""

from patron.migrations.sql import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0018_imports")
