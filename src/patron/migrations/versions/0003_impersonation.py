"""Acting for shoppers: tickets and events name who does."""

from patron.migrations.sql import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0003_impersonation")
