"""Trust in cached tokens ends in every process before the revoking request is answered."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from patron.app import create_app
from patron.kernel import revocation
from patron.kernel.db import Database
from patron.kernel.remembered import RECHECK_SECONDS, Remembered
from patron.kernel.revocation import TRUSTED_SECONDS, Revocations
from patron.settings import Settings
from shoppers import CURRENT, refresh, until
from shops import ACCOUNTS, Shop, open_shop
from statements import Watch

LISTENERS = "select pid from pg_stat_activity where application_name = 'patron listener'"
# What a request costs whose token must be looked at in the database again.
CHECKED = "from application a where"


@dataclass
class Pair:
    """One shop, as two server processes over the same database see it."""

    here: Shop
    there: Shop
    database: Database
    statements: Watch

    async def is_good_there(self, ticket: dict[str, Any]) -> bool:
        answer = await self.there.get(CURRENT, shopper=ticket["accessToken"])
        assert answer.status_code in (200, 401), answer.text
        return answer.status_code == 200

    async def is_cached_there(self, ticket: dict[str, Any]) -> bool:
        """Whether the other process takes the token without asking the database; it must take it."""
        heard: list[str] = []
        self.statements.listeners.append(heard.append)
        assert await self.is_good_there(ticket)
        self.statements.listeners.remove(heard.append)
        return not any(CHECKED in sql for sql in heard)

    async def listeners(self) -> list[int]:
        return [row["pid"] for row in await self.database.session().fetch(LISTENERS)]

    async def are_gone(self, listeners: set[int]) -> bool:
        return not listeners & set(await self.listeners())


@pytest_asyncio.fixture
async def pair(settings: Settings, database: Database, statements: Watch) -> AsyncIterator[Pair]:
    """Two apps of their own, both listening."""
    apps = [create_app(settings) for _ in range(2)]
    async with apps[0].router.lifespan_context(apps[0]), apps[1].router.lifespan_context(apps[1]):
        https = [httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") for app in apps]
        here = await open_shop(https[0], database)
        facts = {name: getattr(here, name) for name in ("tenant_id", "site_id", "client_id", "client_secret")}
        there = Shop(https[1], database, **facts)
        there.token = here.token
        pair = Pair(here, there, database, statements)
        ticket = await here.shopper()
        await until(lambda: pair.is_cached_there(ticket))
        yield pair
        for client in https:
            await client.aclose()


async def test_a_token_is_taken_from_the_cache(pair: Pair) -> None:
    ticket = await pair.here.shopper()

    assert not await pair.is_cached_there(ticket)
    await until(lambda: pair.is_cached_there(ticket))  # it is for a second only: a slow machine asks anew


async def test_a_listening_process_proves_again_and_again_what_it_has_heard(
    database: Database, settings: Settings
) -> None:
    heard: asyncio.Queue[float | str] = asyncio.Queue()
    revocations = Revocations(database, heard.put_nowait, proved=heard.put_nowait)
    listening = asyncio.create_task(revocations.listen(settings.database_url))
    first, second = await heard.get(), await heard.get()
    assert isinstance(first, float)
    assert isinstance(second, float)
    assert first < second <= time.monotonic()

    db = database.session()
    async with db.transaction():
        await db.execute("select pg_notify('patron_revoked', 'nobody account 1 3')")
    committed_at = time.monotonic()
    told: list[float | str] = []
    while not told or told[-1] == "account 1 3" or float(told[-1]) < committed_at:
        told.append(await heard.get())
    listening.cancel()

    assert "account 1 3" in told  # before the first proof from after its commit


async def test_whatever_breaks_a_connection_does_not_end_the_listening(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [asyncpg.InternalClientError("gone"), asyncpg.InterfaceError("gone"), ConnectionResetError()]
    connect, hears = asyncpg.connect, asyncio.Queue[bool]()

    async def unlucky(*args: Any, **rest: Any) -> asyncpg.Connection:
        if failures:
            raise failures.pop()
        return await connect(*args, **rest)

    monkeypatch.setattr(asyncpg, "connect", unlucky)
    monkeypatch.setattr(revocation, "RECONNECT_SECONDS", 0)
    listening = asyncio.create_task(
        Revocations(database, lambda _subject: None, hears.put_nowait).listen(settings.database_url)
    )

    async with asyncio.timeout(60):
        assert await hears.get()

    assert failures == []
    listening.cancel()


async def change_password(shop: Shop, ticket: dict[str, Any]) -> httpx.Response:
    path = f"{ACCOUNTS}/{ticket['customerAccount']['id']}/Change-Password"
    return await shop.post(path, {"newPassword": "Another-horse-8"})


async def lock(shop: Shop, ticket: dict[str, Any]) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/Set-Login-Locked", True)


async def require_change(shop: Shop, ticket: dict[str, Any]) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/Set-Password-Change-Required", True)


async def disable(shop: Shop, ticket: dict[str, Any]) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/action", {"actionName": "DisableAccount"})


async def delete(shop: Shop, ticket: dict[str, Any]) -> httpx.Response:
    return await shop.delete(f"{ACCOUNTS}/{ticket['customerAccount']['id']}")


@pytest.mark.parametrize("end", [change_password, lock, require_change, disable, delete])
async def test_a_token_is_refused_by_the_other_process_once_its_end_was_answered(pair: Pair, end: Any) -> None:
    ticket, other = await pair.here.shopper(), await pair.here.shopper()
    await pair.is_good_there(other)
    await until(lambda: pair.is_cached_there(ticket))

    assert (await end(pair.here, ticket)).status_code in (200, 204)

    assert not await pair.is_good_there(ticket)
    assert await pair.is_good_there(other)


async def test_a_refresh_token_used_twice_ends_its_family_everywhere(pair: Pair) -> None:
    first = await pair.here.shopper()
    second = (await refresh(pair.here, first)).json()
    third = (await refresh(pair.here, second)).json()
    assert await pair.is_good_there(third)

    assert (await refresh(pair.here, first)).status_code == 401

    assert not await pair.is_good_there(third)
    assert not await pair.is_good_there(first)


async def test_revocations_that_come_together_are_all_acknowledged(pair: Pair, monkeypatch: Any) -> None:
    tickets = await asyncio.gather(*(pair.here.shopper() for _ in range(8)))
    await asyncio.gather(*(pair.is_good_there(ticket) for ticket in tickets))
    monkeypatch.setattr(revocation, "TRUSTED_SECONDS", 3_600)  # whoever misses one acknowledgement waits for ever

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(lock(pair.here, ticket) for ticket in tickets))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert [await pair.is_good_there(ticket) for ticket in tickets] == [False] * 8


async def _are_new(pair: Pair, before: set[int]) -> bool:
    return len(set(await pair.listeners()) - before) >= 2


async def test_a_process_that_lost_its_ear_trusts_nothing_until_it_hears_again(pair: Pair) -> None:
    ticket = await pair.here.shopper()
    await until(lambda: pair.is_cached_there(ticket))
    before = set(await pair.listeners())

    await pair.database.session().fetch(f"select pg_terminate_backend(pid) from ({LISTENERS}) listening")
    await until(lambda: pair.are_gone(before))
    assert (await lock(pair.here, ticket)).status_code == 200
    assert not await pair.is_good_there(ticket)

    other = await pair.here.shopper()
    await until(lambda: pair.is_cached_there(other))
    await until(lambda: _are_new(pair, before))
    assert (await lock(pair.here, other)).status_code == 200
    assert not await pair.is_good_there(other)


async def test_a_process_that_never_answers_is_waited_for_as_long_as_anybody_trusts(
    pair: Pair, settings: Settings
) -> None:
    deaf = await asyncpg.connect(settings.database_url, server_settings={"application_name": "patron listener"})
    ticket = await pair.here.shopper()
    await pair.is_good_there(ticket)
    loop = asyncio.get_running_loop()
    began = loop.time()

    answer = await lock(pair.here, ticket)

    assert answer.status_code == 200
    assert loop.time() - began >= TRUSTED_SECONDS
    assert not await pair.is_good_there(ticket)
    await deaf.close()


async def test_a_revocation_is_told_in_the_transaction_that_makes_it(pair: Pair) -> None:
    """So one that is committed is heard of even if its process dies at once, and one that is undone is not."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    db, revocations = pair.database.session(), Revocations(pair.database, lambda _: None)
    async with pair.database.connection() as ear:
        hear = lambda *told: heard.put_nowait(told[3])  # noqa: E731
        await ear.add_listener("patron_revoked", hear)
        with suppress(ZeroDivisionError):
            async with db.transaction():
                await revocations.announce(db, "account 1 1")
                raise ZeroDivisionError
        async with db.transaction():
            await revocations.announce(db, "account 1 2")
            assert heard.empty()

        assert (await heard.get()).endswith(" account 1 2")
        assert heard.empty()
        await ear.remove_listener("patron_revoked", hear)


class At:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def cache(size: int = 100) -> tuple[Remembered[str], At]:
    at = At()
    found: Remembered[str] = Remembered(size, at)
    found.hears(True)
    return found, at


def put(into: Remembered[str], token: str, *subjects: str, seconds: float = 60) -> None:
    into.put(token, token.upper(), into.check(), seconds=seconds, subjects=subjects)


def test_an_entry_is_trusted_for_a_second_and_never_longer_than_its_token_lives() -> None:
    tokens, at = cache()
    put(tokens, "long")
    put(tokens, "short", seconds=0.5)

    at.seconds = 0.5
    assert (tokens.get("long"), tokens.get("short")) == ("LONG", None)
    at.seconds = TRUSTED_SECONDS + 0.01
    assert tokens.get("long") is None


def test_an_entry_is_trusted_on_while_it_is_proved_that_all_revocations_were_heard_of() -> None:
    tokens, at = cache()
    put(tokens, "one", seconds=3_600)
    for second in range(1, int(RECHECK_SECONDS) - 5):
        at.seconds = second
        tokens.proved(second - 0.5)
        assert tokens.get("one") == "ONE"

    at.seconds += TRUSTED_SECONDS
    assert tokens.get("one") is None  # the last proof is too old
    tokens.proved(at.seconds)
    assert tokens.get("one") == "ONE"
    at.seconds = RECHECK_SECONDS
    tokens.proved(at.seconds)
    assert tokens.get("one") is None  # what was changed by hand counts at last


def test_a_revocation_drops_what_speaks_for_its_subject() -> None:
    tokens, _ = cache()
    put(tokens, "one", "account 1", "family a")
    put(tokens, "two", "account 2", "family b")

    tokens.drop("family a")

    assert (tokens.get("one"), tokens.get("two")) == (None, "TWO")


def test_a_check_during_which_something_was_revoked_is_not_remembered() -> None:
    tokens, _ = cache()
    check = tokens.check()
    tokens.drop("account 1")

    tokens.put("one", "ONE", check, seconds=60, subjects=("account 1",))

    assert tokens.get("one") is None


def test_nothing_is_remembered_over_a_time_without_hearing() -> None:
    tokens, _ = cache()
    put(tokens, "before")
    check = tokens.check()
    tokens.hears(False)
    put(tokens, "deaf")
    meanwhile = tokens.check()
    tokens.hears(True)
    for one in (check, meanwhile):
        tokens.put("late", "LATE", one, seconds=60, subjects=())

    assert [tokens.get(token) for token in ("before", "deaf", "late")] == [None] * 3


def test_the_cache_is_bounded_and_forgets_the_oldest_first() -> None:
    tokens, _ = cache(size=20)
    for n in range(100):
        put(tokens, f"t{n}")
        assert sum(tokens.get(f"t{m}") is not None for m in range(100)) <= 20
    assert tokens.get("t99") == "T99"
    assert tokens.get("t0") is None
