"""Commands that run Patron itself."""

from typing import Annotated

import typer

from patron.cli.desk import Desk, fail, run
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
    # Alembic and SQLAlchemy: 0.4 s that no other command needs.
    from sqlalchemy.exc import DBAPIError

    from patron.migrations.__main__ import migrate as run_migrations

    url = run(_url)  # which also tells what is wrong with the connection
    try:
        run_migrations(url)
    except DBAPIError as error:
        fail(f"The schema could not be brought up to date: {error.orig}")
    run(_tell_revision)


async def _url(desk: Desk) -> str:
    return desk.url


async def _tell_revision(desk: Desk) -> None:
    revision = await desk.db.value("select version_num from alembic_version")
    desk.say(f"The schema is at revision {revision}.")
