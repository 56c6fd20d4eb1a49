"""Who came, when and where: visits, by month."""

from patron.migrations.sql import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0005_visits")
