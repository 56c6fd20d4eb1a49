"""What definitions of orders' attributes have beyond those of accounts."""

from patron.migrations.sql import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0004_order_attributes")
