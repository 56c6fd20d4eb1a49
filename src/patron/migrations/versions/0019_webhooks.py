"""Endpoints that hear of events, what waits for them, and every attempt to reach them."""

from patron.migrations.sql import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0019_webhooks")
