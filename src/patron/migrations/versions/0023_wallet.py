"""Cards as the second dialect's wallet, and payment sources that need no gateway."""

from patron.migrations.sql import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0023_wallet")
