"""Saving a rule waits for other savers of the shop, but no longer for the worker."""

from patron.migrations.sql import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0010_rule_gate")
