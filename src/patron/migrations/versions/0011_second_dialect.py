"""What the second dialect knows of applications, their grants, groups and customers."""

from patron.migrations.sql import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0011_second_dialect")
