"""Files of exports are fetched through links that are good for five minutes; passwords of imports lie sealed."""

from patron.migrations.sql import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """See the SQL file of the same name."""
    run("0021_export_links")
