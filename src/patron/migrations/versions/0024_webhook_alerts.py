"""When somebody was last told that a webhook fails."""

from patron.migrations.sql import run

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0024_webhook_alerts")
