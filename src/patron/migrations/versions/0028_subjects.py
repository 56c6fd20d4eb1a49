"""Events are found by what they are about, too."""

from patron.migrations.sql import run

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0028_subjects")
