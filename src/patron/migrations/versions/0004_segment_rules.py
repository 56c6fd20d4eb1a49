"""Rules of segments, how far they are evaluated, and which accounts have changed since."""

from patron.migrations.sql import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0004_segment_rules")
