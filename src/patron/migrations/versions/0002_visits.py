"""Who came, when and where: visits, by month."""

from patron.migrations.sql import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0002_visits")
