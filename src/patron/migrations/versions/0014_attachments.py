"""Attachments of records."""

from patron.migrations.sql import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0014_attachments")
