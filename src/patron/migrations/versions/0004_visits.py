"""Who came, when and where: visits, by month."""

from patron.migrations.sql import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0004_visits")
