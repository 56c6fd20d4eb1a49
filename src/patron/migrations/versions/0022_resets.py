"""Resets that an application delivers itself."""

from patron.migrations.sql import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0022_resets")
