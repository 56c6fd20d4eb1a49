"""The pool, sessions and transactions.

A *session* belongs to one request or job. Outside a transaction each statement borrows a connection for itself, so a
request that waits for a password hash holds none.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, ClassVar

import asyncpg

from patron.kernel.batch import Queued, grouped, riding
from patron.kernel.connections import Connections, leave_as_is, teach_json
from patron.kernel.errors import PatronError
from patron.kernel.refusals import FOREIGN, translated

POOL_SIZE = 12
STATEMENT_SECONDS_MAX = 20.0
ROLLBACK_SECONDS_MAX = 2.0
COPY_SECONDS_MAX = 300.0

Row = asyncpg.Record


class Database:
    """A pool of connections to one PostgreSQL database. Open it with `Database.open(url)`.

    `on_statement`, of the class, hears every statement of the process: for tests that count or judge them. `known` is
    what this process has found to be so and for good, such as partitions that are there.
    """

    on_statement: ClassVar[Callable[[str], None] | None] = None

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._connections = Connections(pool)
        self.known: set[object] = set()
        self.drawn: dict[str, list[int]] = {}

    @classmethod
    async def open(cls, url: str, *, size: int = POOL_SIZE) -> "Database":
        """Connect. Raises what asyncpg raises when the server is not there."""
        pool = await asyncpg.create_pool(
            url,
            min_size=0,  # a floor would be kept up in the background, with tracebacks while the server is away
            init_size=1,
            max_size=size,
            init=teach_json,
            reset=leave_as_is,
            command_timeout=STATEMENT_SECONDS_MAX,
            server_settings={"application_name": "patron", "timezone": "UTC", "jit": "off", "lock_timeout": "5s"},
        )
        return cls(pool)

    async def close(self) -> None:
        """Give all connections back to the server."""
        await self._connections.close()

    def connection(self) -> AbstractAsyncContextManager[Any]:
        """A connection, for an `async with`."""
        return self._connections.one()

    def session(self) -> "Session":
        """A new session, for one request or one job."""
        return Session(self)


class Session:
    """Runs statements: inside the open transaction if there is one, else each on its own."""

    __slots__ = ("_after", "_conn", "_database", "_drawn_here", "_queued")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._conn: Any = None
        self._after: list[Callable[[], Awaitable[None]]] = []
        self._queued: list[Queued] = []
        self._drawn_here: dict[str, list[int]] = {}

    @property
    def known(self) -> set[object]:
        """What this process need not look up again, for all sessions of the database."""
        return self._database.known

    @property
    def drawn(self) -> dict[str, list[int]]:
        """Ids that this process has drawn ahead, see kernel/ids.py."""
        return self._database.drawn

    @property
    def drawn_here(self) -> dict[str, list[int]]:
        """Ids that the open transaction has drawn ahead: for the whole process when it is committed."""
        assert self._conn is not None
        return self._drawn_here

    def after_commit(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run this when the open transaction is committed, before the caller goes on; never after a rollback."""
        assert self._conn is not None
        self._after.append(work)

    async def fetch(self, sql: str, *args: object) -> list[Row]:
        """All rows of a statement."""
        return await self._run("fetch", sql, args)  # type: ignore[no-any-return]

    async def row(self, sql: str, *args: object) -> Row | None:
        """The first row of a statement, or None."""
        return await self._run("fetchrow", sql, args)  # type: ignore[no-any-return]

    async def value(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        return await self._run("fetchval", sql, args)

    async def execute(self, sql: str, *args: object) -> int:
        """Run a change; answers how many rows it touched."""
        tag = str(await self._run("execute", sql, args))
        count = tag.rsplit(" ", 1)[-1]
        return int(count) if count.isdigit() else 0

    async def write(self, sql: str, *args: object) -> None:
        """Run a change whose outcome nobody needs. In an open transaction it is queued until something else runs.

        What is queued goes out in one statement, before whatever runs next. So within it the order is open, and no two
        changes may be of the same row.
        """
        if self._conn is None:
            await self.execute(sql, *args)
        else:
            self._queued.append((sql, args))

    async def last_row(self, sql: str, *args: object) -> Row | None:
        """The first row of a statement, in which what is queued rides along: the statement does not see it."""
        joined, given = riding(await self._send_repeated(), sql, args)
        return await self.row(joined, *given)

    async def last_fetch(self, sql: str, *args: object) -> list[Row]:
        """The same with all rows."""
        joined, given = riding(await self._send_repeated(), sql, args)
        return await self.fetch(joined, *given)

    async def _send_queued(self) -> None:
        if singles := await self._send_repeated():
            joined, given = riding(singles, "select", ())
            await self.execute(joined, *given)

    async def _send_repeated(self) -> list[Queued]:
        """Send what is queued several times with other arguments; answers what is left, and nothing is queued now."""
        singles, repeated = grouped(self._queued)
        self._queued = []
        for sql, rows in repeated:
            await self.execute_many(sql, rows)
        return singles

    async def execute_many(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        """Run one change for many rows in a single round trip."""
        if rows:
            await self._run("executemany", sql, (rows,))

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
        """Write very many rows with COPY, several times as fast as inserting them. Inside a transaction only.

        For imports: rows pass no action, so whoever calls this answers for their keys, sums and events.
        """
        assert self._conn is not None
        await self._send_queued()
        if Database.on_statement is not None:
            Database.on_statement(f"copy {table} ({', '.join(columns)}) from stdin")
        with translated():
            await self._conn.copy_records_to_table(table, columns=columns, records=rows, timeout=COPY_SECONDS_MAX)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All statements inside succeed together or not at all.

        Inside an open transaction it joins that one.
        """
        if self._conn is not None:
            yield
            return
        with translated():
            async with self._database.connection() as conn:
                self._conn = conn
                try:
                    await self._run("execute", "begin", ())
                    yield
                    tag = await self._run("execute", "commit", ())
                    # PostgreSQL answers the commit of a failed transaction with ROLLBACK, and no error.
                    assert tag == "COMMIT", "a statement failed unnoticed: nothing was written"
                    for table, drawn in self._drawn_here.items():
                        self.drawn.setdefault(table, []).extend(drawn)
                except BaseException:
                    await asyncio.shield(_roll_back(conn))
                    raise
                finally:
                    self._conn, self._queued, self._drawn_here = None, [], {}
                    after, self._after = self._after, []
        if after:
            await asyncio.gather(*(work() for work in after))

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """Inside a transaction: what fails in here is undone by itself, and the transaction may go on."""
        await self._run("execute", "savepoint part", ())
        try:
            yield
            await self._send_queued()
        except PatronError:
            self._queued = []
            await self._run("execute", "rollback to savepoint part", ())
            await self._run("execute", "release savepoint part", ())
            raise
        await self._run("execute", "release savepoint part", ())

    async def _run(self, how: str, sql: str, args: tuple[object, ...]) -> Any:
        if self._queued:
            await self._send_queued()
        if Database.on_statement is not None:
            Database.on_statement(sql)
        with translated():
            if self._conn is not None:
                return await getattr(self._conn, how)(sql, *args)
            async with self._database.connection() as conn:
                return await getattr(conn, how)(sql, *args)


async def _roll_back(conn: Any) -> None:
    """Undo what is open. A connection that does not answer in time is cut, and then the server undoes it by itself."""
    try:
        if conn.is_in_transaction():
            async with asyncio.timeout(ROLLBACK_SECONDS_MAX):
                await conn.execute("rollback")
    except FOREIGN:
        with suppress(asyncpg.InterfaceError):  # it is gone already
            conn.terminate()
