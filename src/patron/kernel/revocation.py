"""Ending trust in tokens that are cached in other processes.

A cached token is trusted for `TRUSTED_SECONDS` after it was checked; then the database is asked again. So a request
that revokes tokens may answer after that time. It need not wait so long: it tells all processes by NOTIFY, each drops
its entries and says so, and when all that listen have said so the answer goes out. A notification is only the quick
way; if one is lost, the time bound holds. A process that does not listen is not waited for: it caches nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from patron.kernel.db import Database, Session
from patron.kernel.errors import PatronError
from patron.kernel.secrets import random_token

TRUSTED_SECONDS = 1.0
RECONNECT_SECONDS = 0.5
_LISTENER = "patron listener"


class Revocations:
    """This process's ear for revocations, and its voice.

    `drop` forgets the tokens of a subject; `hears` is told when this process begins to hear of revocations, and when
    it no longer does.
    """

    def __init__(
        self, database: Database, drop: Callable[[str], None], hears: Callable[[bool], None] = lambda _is_so: None
    ) -> None:
        self._database = database
        self._drop = drop
        self._hears = hears
        self._answers: dict[str, asyncio.Queue[None]] = {}
        self._heard_of: list[str] = []
        self._acknowledging: asyncio.Task[None] | None = None

    async def listen(self, url: str) -> None:
        """Keep a connection that listens, until cancelled; a lost one is made anew."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_once(url)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self, url: str) -> None:
        conn = await asyncpg.connect(url, server_settings={"application_name": _LISTENER})
        lost = asyncio.Event()

        def lose(_conn: object) -> None:
            self._hears(False)
            lost.set()

        try:
            conn.add_termination_listener(lose)
            await conn.add_listener("patron_revoked", self._heard)
            await conn.add_listener("patron_dropped", self._acknowledged)
            self._hears(True)
            await lost.wait()
        finally:
            self._hears(False)
            conn.terminate()

    def announce(self, db: Session, subject: str) -> None:
        """When the open transaction is committed, have every process forget the tokens of `subject`."""
        db.after_commit(lambda: self._broadcast(db, subject))

    async def _broadcast(self, db: Session, subject: str) -> None:
        self._drop(subject)
        nonce = random_token(8)
        answers = self._answers[nonce] = asyncio.Queue()
        try:
            async with asyncio.timeout(TRUSTED_SECONDS):
                for _ in range(await self._tell(db, f"{nonce} {subject}")):
                    await answers.get()
        except TimeoutError:
            pass  # now nothing that was checked before the revocation is trusted any more
        except PatronError:  # the change is made all the same; only the quick way is closed
            await asyncio.sleep(TRUSTED_SECONDS)
        finally:
            del self._answers[nonce]

    async def _tell(self, db: Session, message: str) -> int:
        """Notify all processes. Answers how many will say that they heard it."""
        return int(
            await db.value(
                """
                with told as (select pg_notify('patron_revoked', $1))
                select count(*) from pg_stat_activity, told
                where application_name = $2 and datname = current_database()
                """,
                message,
                _LISTENER,
            )
        )

    def _heard(self, conn: object, _pid: int, _channel: str, payload: object) -> None:
        nonce, _, subject = str(payload).partition(" ")
        self._drop(subject)
        self._heard_of.append(nonce)
        if self._acknowledging is None or self._acknowledging.done():
            self._acknowledging = asyncio.ensure_future(self._acknowledge(conn))

    async def _acknowledge(self, conn: object) -> None:
        """Say what was heard, all of it in one go: a connection runs one statement at a time."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            while self._heard_of:
                nonces, self._heard_of = self._heard_of, []
                sql = "select pg_notify('patron_dropped', nonce) from unnest($1::text[]) as heard (nonce)"
                await conn.execute(sql, nonces)  # type: ignore[attr-defined]

    def _acknowledged(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        if answers := self._answers.get(str(payload)):
            answers.put_nowait(None)
