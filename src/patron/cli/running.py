"""Commands that run Patron itself."""

from typing import Annotated

import typer

from patron.cli.desk import Desk, Failure, database_url, fail, read_settings, run
from patron.postgres import PostgresError
from patron.serve import serve as run_servers


def serve(
    *,
    demo: Annotated[bool, typer.Option(help="Make the demo shop when the database is empty.")] = True,
) -> None:
    """Run everything: database, worker, servers; Ctrl-C stops it.

    PORT, PATRON_HOST, PATRON_HOME, DATABASE_URL and the other settings come from the environment.
    """
    raise typer.Exit(run_servers(demo=demo))


def migrate() -> None:
    """Bring the database's schema up to date. Does nothing when it is."""
    from patron.migrations.__main__ import migrate as run_migrations  # Alembic: 0.4 s that no other command needs

    try:
        url = database_url(read_settings())
    except (Failure, PostgresError) as error:
        fail(str(error))
    try:
        run_migrations(url)
    except (OSError, TimeoutError) as error:
        fail(f"The database cannot be reached: {error or type(error).__name__}")
    run(_tell_revision)


async def _tell_revision(desk: Desk) -> None:
    desk.say(f"The schema is at revision {await desk.db.value('select version_num from alembic_version')}.")
