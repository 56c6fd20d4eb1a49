"""Sites as the second dialect's markets, and the stores below them."""

from patron.migrations.sql import run

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0025_markets")
