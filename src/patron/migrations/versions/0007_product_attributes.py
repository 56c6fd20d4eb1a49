"""Definitions of products' attributes."""

from patron.migrations.sql import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0007_product_attributes")
