"""Lists of SKUs: wish lists of customers, and lists of the shop."""

from patron.migrations.sql import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0017_sku_lists")
