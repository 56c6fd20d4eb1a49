"""Rules of segments, how far they are evaluated, and which accounts have changed since."""

from patron.migrations.sql import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0007_segment_rules")
