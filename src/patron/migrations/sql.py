"""Runs a revision's SQL file. Alembic's own `op.execute` reads `:x` as a bind and takes one statement at a time."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only


def run(name: str) -> None:
    """Execute all statements of `versions/<name>.sql` inside the migration's transaction."""
    text = (Path(__file__).parent / "versions" / f"{name}.sql").read_text()
    bind = op.get_bind()
    bind.exec_driver_sql("select 1")  # opens the transaction
    await_only(bind.connection.driver_connection.execute(text))  # type: ignore[union-attr]
