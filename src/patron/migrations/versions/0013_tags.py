"""Tags, and which records they are on."""

from patron.migrations.sql import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0013_tags")
