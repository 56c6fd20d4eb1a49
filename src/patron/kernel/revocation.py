"""Ending trust in tokens that are cached in other processes.

A cached token is trusted for `TRUSTED_SECONDS` after it was checked; then the database is asked again. So a request
that revokes tokens may answer after that time. It need not wait so long: it tells all processes by NOTIFY, each drops
its entries and says so, and when all that listen have said so the answer goes out. A notification is only the quick
way; if one is lost, the time bound holds.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from patron.kernel.db import Database, Session
from patron.kernel.secrets import random_token

TRUSTED_SECONDS = 1.0
_LISTENER = "patron listener"


class Revocations:
    """This process's ear for revocations, and its voice."""

    def __init__(self, database: Database, drop: Callable[[str], None]) -> None:
        self._database = database
        self._drop = drop
        self._answers: dict[str, asyncio.Queue[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, url: str) -> None:
        """Keep a connection that listens, until cancelled; a lost one is made anew."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_once(url)
            await asyncio.sleep(0.5)

    async def _listen_once(self, url: str) -> None:
        conn = await asyncpg.connect(url, server_settings={"application_name": _LISTENER})
        try:
            lost = asyncio.Event()
            conn.add_termination_listener(lambda _conn: lost.set())
            await conn.add_listener("patron_revoked", self._heard)
            await conn.add_listener("patron_dropped", self._acknowledged)
            await lost.wait()
        finally:
            conn.terminate()

    def announce(self, db: Session, subject: str) -> None:
        """When the open transaction is committed, have every process forget the tokens of `subject`."""
        db.after_commit(lambda: self._broadcast(db, subject))

    async def _broadcast(self, db: Session, subject: str) -> None:
        started = time.monotonic()
        self._drop(subject)
        nonce = random_token(8)
        answers = self._answers[nonce] = asyncio.Queue()
        try:
            listeners = await db.value(
                """
                select count(pg_notify('patron_revoked', $1)) * 0 + (select count(*) from pg_stat_activity
                where application_name = $2 and datname = current_database())
                """,
                f"{nonce} {subject}",
                _LISTENER,
            )
            async with asyncio.timeout(TRUSTED_SECONDS - (time.monotonic() - started)):
                for _ in range(listeners):
                    await answers.get()
        except TimeoutError:
            pass  # now nothing that was checked before the revocation is trusted any more
        finally:
            del self._answers[nonce]

    def _heard(self, conn: object, _pid: int, _channel: str, payload: object) -> None:
        nonce, _, subject = str(payload).partition(" ")
        self._drop(subject)
        task = asyncio.ensure_future(self._acknowledge(conn, nonce))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _acknowledge(self, conn: object, nonce: str) -> None:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await conn.execute("select pg_notify('patron_dropped', $1)", nonce)  # type: ignore[attr-defined]

    def _acknowledged(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        if answers := self._answers.get(str(payload)):
            answers.put_nowait(None)
