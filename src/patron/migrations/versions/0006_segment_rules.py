"""Rules of segments, how far they are evaluated, and which accounts have changed since."""

from patron.migrations.sql import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0006_segment_rules")
