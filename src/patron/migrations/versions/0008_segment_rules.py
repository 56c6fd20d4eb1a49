"""Rules of segments, how far they are evaluated, and which accounts have changed since."""

from patron.migrations.sql import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0008_segment_rules")
