"""Users of an organization, and the codes that they give web apps."""

from patron.migrations.sql import run

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0027_users")
