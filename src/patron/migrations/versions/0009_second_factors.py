"""One-time codes by mail, sign-ins that wait for a second factor, authenticator apps and recovery codes."""

from patron.migrations.sql import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0009_second_factors")
