"""Ending trust in tokens that are cached in other processes.

A request that revokes tokens notifies all processes in its own transaction (NOTIFY), so that a committed revocation is
always told. Each process drops its entries and says so; when all that listen have said so the answer goes out, at the
latest after `TRUSTED_SECONDS`. By then nobody trusts what it has not heard about: a process sends itself a *beat* a few
times a second over the same channel. PostgreSQL hands out notifications in the order of their commits, so a beat that
came back proves that every revocation committed before it was sent has been heard. A cached token is trusted while the
last proof, or its own check against the database, is no older than `TRUSTED_SECONDS`. A process that does not listen
is not waited for: it caches nothing.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakValueDictionary

import asyncpg

from patron.kernel.db import Database, Session
from patron.kernel.refusals import FOREIGN
from patron.kernel.secrets import random_token

TRUSTED_SECONDS = 1.0
BEAT_SECONDS = 0.25
BEAT_SECONDS_MAX = 5.0
RECONNECT_SECONDS = 0.5
_LISTENER = "patron listener"


class _Answers(asyncio.Queue[None]):
    """The acknowledgements of one revocation."""


class Revocations:
    """This process's ear for revocations, and its voice.

    `drop` forgets the tokens of a subject; `hears` is told when this process begins to hear of revocations, and when
    it no longer does; `proved` that it has heard of all that were committed before a moment of the monotonic clock.
    """

    def __init__(
        self,
        database: Database,
        drop: Callable[[str], None],
        hears: Callable[[bool], None] = lambda _is_so: None,
        proved: Callable[[float], None] = lambda _at: None,
    ) -> None:
        self._database = database
        self._drop = drop
        self._hears = hears
        self._proved = proved
        # An entry lives as long as somebody waits for its answers: that of a transaction rolled back goes by itself.
        self._answers: WeakValueDictionary[str, _Answers] = WeakValueDictionary()
        self._heard_of: list[str] = []
        self._acknowledging: asyncio.Task[None] | None = None
        self._speaking = asyncio.Lock()  # a connection runs one statement at a time

    async def listen(self, url: str) -> None:
        """Keep a connection that listens, until cancelled; a lost one is made anew."""
        while True:
            with suppress(*FOREIGN):
                await self._listen_once(url)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self, url: str) -> None:
        conn = await asyncpg.connect(url, server_settings={"application_name": _LISTENER})
        beats = f"patron_beat_{random_token(8)}"
        try:
            conn.add_termination_listener(lambda _conn: self._hears(False))
            await conn.add_listener("patron_revoked", self._heard)
            await conn.add_listener("patron_dropped", self._acknowledged)
            await conn.add_listener(beats, lambda *told: self._proved(float(str(told[3]))))
            self._hears(True)
            while not conn.is_closed():
                async with self._speaking:
                    await conn.execute(
                        "select pg_notify($1, $2)", beats, repr(time.monotonic()), timeout=BEAT_SECONDS_MAX
                    )
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            self._hears(False)
            conn.terminate()

    async def announce(self, db: Session, subject: str) -> None:
        """Have every process forget the tokens of `subject` when the open transaction is committed."""
        nonce = random_token(8)
        self._answers[nonce] = answers = _Answers()
        count = await self._tell(db, f"{nonce} {subject}")
        db.after_commit(lambda: self._dropped_everywhere(subject, answers, count))

    async def _dropped_everywhere(self, subject: str, answers: _Answers, count: int) -> None:
        self._drop(subject)
        # When the time is up, nothing that was checked before the revocation is trusted any more.
        with suppress(TimeoutError):
            async with asyncio.timeout(TRUSTED_SECONDS):
                for _ in range(count):
                    await answers.get()

    async def _tell(self, db: Session, message: str) -> int:
        """Notify all processes, on commit. Answers how many will say that they heard it."""
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
        """Say what was heard, all of it in one go."""
        with suppress(*FOREIGN):
            while self._heard_of:
                nonces, self._heard_of = self._heard_of, []
                sql = "select pg_notify('patron_dropped', nonce) from unnest($1::text[]) as heard (nonce)"
                async with self._speaking:
                    await conn.execute(sql, nonces)  # type: ignore[attr-defined]

    def _acknowledged(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        if answers := self._answers.get(str(payload)):
            answers.put_nowait(None)
