"""What every command works with, and how it ends: with its answer, or with a sentence and exit status 1."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NoReturn, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from patron import postgres
from patron.kernel.clock import clock
from patron.kernel.db import Database, Session
from patron.kernel.errors import PatronError
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Vault
from patron.postgres import PostgresError
from patron.settings import Settings
from patron.tenants import queries as tenants
from patron.tenants.model import Tenant

T = TypeVar("T")

WIDTH_ELSEWHERE = 200  # of a table that goes to a file or a pipe


class Failure(Exception):
    """Why a command cannot do what it was asked for, and what to do about it."""


class Desk:
    """Settings, database and screen of one command."""

    def __init__(self, settings: Settings, url: str, database: Database, screen: Console) -> None:
        self.settings = settings
        self.url = url
        self.database = database
        self.screen = screen
        self.db: Session = database.session()
        self.now: datetime = clock()

    @property
    def vault(self) -> Vault:
        """What opens sealed things. Raises Failure without the installation's key."""
        try:
            return Vault(self.settings.key)
        except FileNotFoundError:
            raise Failure(
                f"There is no secret key: PATRON_SECRET_KEY is not set, and {self.settings.home} has no secret.key."
            ) from None
        except ValueError as error:
            raise Failure(str(error)) from None

    @property
    def revocations(self) -> Revocations:
        """Tells the servers to forget tokens; this process has none of its own."""
        return Revocations(self.database, lambda _subject: None)

    async def tenant(self, tenant_id: int | None) -> Tenant:
        """The tenant with this id; without one the only tenant there is. Raises Failure, NotFound."""
        if tenant_id is not None:
            return await tenants.get(self.db, tenant_id)
        found = await tenants.every(self.db)
        if len(found) == 1:
            return found[0]
        if not found:
            raise Failure("There is no tenant yet. Make one with: patron tenant create NAME")
        ids = ", ".join(f"{tenant.id} ({tenant.name})" for tenant in found[:10])
        raise Failure(f"There are several tenants: {ids}. Say which with --tenant ID.")

    def say(self, text: str) -> None:
        """A line of the answer."""
        self.screen.print(Text(text), soft_wrap=True)

    def show(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table of the answer; nothing in it is cut off."""
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(_text(value)) for value in row))
        self.screen.print(table)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


def run(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do a command's work at a desk. A failure that a person can do something about is told without a traceback."""
    try:
        return asyncio.run(_at_desk(work))
    except (Failure, PostgresError) as error:
        fail(str(error))
    except PatronError as error:
        fail(error.message)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        fail("The database's schema is not that of this Patron. Bring it up to date with: patron migrate")
    except KeyboardInterrupt:
        fail("Interrupted.", status=130)


async def _at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    try:
        settings = Settings.from_env()
    except ValueError as error:
        raise Failure(str(error)) from None
    url = _database_url(settings)
    try:
        database = await Database.open(url, size=4)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Failure(f"The database cannot be reached: {error or type(error).__name__}") from error
    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen.width = WIDTH_ELSEWHERE
    try:
        return await work(Desk(settings, url, database, screen))
    finally:
        await database.close()


def _database_url(settings: Settings) -> str:
    """The database that is meant. Raises Failure when it is the embedded one and that does not run."""
    url = settings.database_url or postgres.running_url(settings.home)
    if url is None:
        raise Failure(
            f"No database: DATABASE_URL is not set, and no Patron runs on the folder {settings.home.absolute()}. "
            "Start it with `patron serve`, or name its folder with PATRON_HOME."
        )
    return url


def fail(text: str, *, status: int = 1) -> NoReturn:
    """End the command with a sentence on the error output."""
    Console(stderr=True, highlight=False).print(Text(text), soft_wrap=True)
    raise typer.Exit(status)
