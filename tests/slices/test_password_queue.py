"""Hashing waits in a short queue, one at a time, and nothing else waits for it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import argon2
import pytest
import pytest_asyncio

from patron.kernel import secrets
from patron.kernel.errors import TooMany
from patron.kernel.secrets import Passwords
from shoppers import sign_in, until
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault
from statements import Counting, Watch


@pytest_asyncio.fixture
async def passwords() -> AsyncIterator[Passwords]:
    """A queue of its own."""
    made = Passwords()
    yield made
    made.close()


async def test_a_hash_is_argon2id_with_its_own_salt_and_fits_only_its_password(passwords: Passwords) -> None:
    one, two = [await passwords.hash(PASSWORD) for _ in range(2)]

    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != two
    async with passwords.turn() as turn:
        assert await turn.matches(PASSWORD, one)
        assert not await turn.matches(PASSWORD.lower(), one)
        assert not await turn.matches(PASSWORD, None)
        assert not await turn.matches(PASSWORD, "no hash")
        assert not turn.is_dated(one)


async def test_the_loop_goes_on_while_a_hash_is_made(passwords: Passwords, monkeypatch: Any) -> None:
    """The hash ends when the loop has turned often: would the one wait for the other, it never did."""
    has_turned = threading.Event()
    hash_ = argon2.PasswordHasher.hash

    def waiting(self: argon2.PasswordHasher, password: str) -> str:
        assert has_turned.wait(60)
        return hash_(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", waiting)
    hashing = asyncio.create_task(passwords.hash(PASSWORD))

    for _ in range(100):
        await asyncio.sleep(0)
    has_turned.set()

    assert (await hashing).startswith("$argon2id$")


async def test_whoever_would_wait_too_long_is_told_to_come_back(passwords: Passwords, monkeypatch: Any) -> None:
    monkeypatch.setattr(secrets, "WAITING_SECONDS_MAX", 0.05)

    async with passwords.turn():
        with pytest.raises(TooMany) as refused:
            await passwords.hash(PASSWORD)

    assert refused.value.retry_after == 5
    assert await passwords.hash(PASSWORD)


async def test_a_queue_that_is_full_takes_nobody(passwords: Passwords, monkeypatch: Any) -> None:
    monkeypatch.setattr(secrets, "WAITING_MAX", 3)

    async with passwords.turn():
        waiting = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(TooMany):
            await passwords.hash(PASSWORD)

    assert len({await one for one in waiting}) == 3


async def test_requests_that_give_up_waiting_leave_the_queue(passwords: Passwords, monkeypatch: Any) -> None:
    monkeypatch.setattr(secrets, "WAITING_MAX", 2)

    async with passwords.turn():
        for _ in range(10):
            waiting = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(2)]
            await asyncio.sleep(0)
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    assert await passwords.hash(PASSWORD)


async def test_a_request_cancelled_while_it_hashes_neither_keeps_its_turn_nor_lets_two_hash(
    passwords: Passwords, monkeypatch: Any
) -> None:
    begun, may_end, second = threading.Event(), threading.Event(), threading.Event()

    def slow(_self: argon2.PasswordHasher, password: str) -> str:
        if password == "second":
            second.set()
        else:
            begun.set()
            may_end.wait(60)
        return password

    monkeypatch.setattr(argon2.PasswordHasher, "hash", slow)
    first = asyncio.create_task(passwords.hash("first"))
    await until(lambda: is_set(begun))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    after = asyncio.create_task(passwords.hash("second"))
    for _ in range(20):
        await asyncio.sleep(0.001)
        assert not second.is_set()
    may_end.set()

    assert await after == "second"


async def is_set(event: threading.Event) -> bool:
    return event.is_set()


async def test_a_storm_of_sign_ins_is_limited_and_stops_nothing_else(shop: Shop, monkeypatch: Any) -> None:
    """40 at once where 20 may wait: the others are told to come back; reads and the health probe are answered."""
    monkeypatch.setattr(secrets, "WAITING_MAX", 20)
    monkeypatch.setattr(secrets, "WAITING_SECONDS_MAX", 60)
    await shop.shopper(emailAddress="jo@example.com")
    may_end = threading.Event()
    verify = argon2.PasswordHasher.verify

    def waiting(self: argon2.PasswordHasher, hash: str, password: str) -> bool:  # noqa: A002
        return may_end.wait(60) and verify(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", waiting)
    storm = [asyncio.create_task(sign_in(shop, f"{n}@example.com", "Wrong-1")) for n in range(40)]
    await until(lambda: asyncio.sleep(0, sum(one.done() for one in storm) == 19))
    read = await shop.get(ACCOUNTS)
    health = await shop.http.get("/healthz")
    may_end.set()
    answers = await asyncio.gather(*storm)

    assert (read.status_code, health.status_code) == (200, 200)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {fault(answer)[1] for answer in refused} == {"TOO_MANY_REQUESTS"}
    assert {answer.headers["retry-after"] for answer in refused} == {"5"}
    assert sorted(answer.status_code for answer in answers) == [401] * 21 + [429] * 19  # one hashes, 20 wait
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_guesses_that_come_at_once_get_no_further_than_those_that_come_in_turn(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")

    answers = await asyncio.gather(*(sign_in(shop, "jo@example.com", f"Wrong-{n}") for n in range(20)))

    assert {answer.status_code for answer in answers} == {401}
    count = await shop.get(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/loginstate")
    assert count.json()["failedLoginAttemptCount"] == 5


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes against which passwords are tried."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def heard(self: argon2.PasswordHasher, hash: str, password: str) -> bool:  # noqa: A002
        seen.append(hash)
        return verify(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", heard)
    return seen


@pytest.mark.parametrize("fingerprint", [None, "phone"])
async def test_a_right_password_costs_five_statements(shop: Shop, statements: Watch, fingerprint: str | None) -> None:
    """The look at login, device and failures; begin, the lock, everything that is written and read, commit."""
    await shop.shopper(emailAddress="jo@example.com")
    device = {"fingerprint": fingerprint} if fingerprint else {}
    assert (await sign_in(shop, "jo@example.com", **device)).status_code == 201

    with Counting(statements) as counting:
        answer = await sign_in(shop, "jo@example.com", **device)

    assert answer.status_code == 201
    assert len(counting.heard) == 5, counting.heard


async def test_a_name_that_nobody_has_costs_as_much_as_a_wrong_password(
    shop: Shop, verified: list[str], statements: Watch
) -> None:
    """One hash, and the same statements but for the line in the audit log: time does not tell who is a customer."""
    await shop.shopper(emailAddress="jo@example.com")
    await sign_in(shop, "warm@example.com", "up")
    verified.clear()

    async def cost(name: str, password: str) -> tuple[int, list[str]]:
        with Counting(statements) as counting:
            answer = await shop.post(TICKETS, {"username": name, "password": password})
        assert answer.status_code == 401
        tries = len(verified)
        verified.clear()
        return tries, [sql for sql in counting.heard if "insert into event" not in sql]

    known, unknown = await cost("jo@example.com", "Wrong-1"), await cost("nobody@example.com", "Wrong-1")

    assert known == unknown
    assert known[0] == 1
    for _ in range(4):
        await cost("jo@example.com", "Wrong-1")
        await cost("nobody@example.com", "Wrong-1")
    right, delayed = await cost("jo@example.com", PASSWORD), await cost("nobody@example.com", PASSWORD)
    assert right == delayed
    assert right[0] == 0


async def test_an_unusable_sign_up_costs_no_hash(shop: Shop, monkeypatch: Any) -> None:
    made: list[str] = []
    hash_ = argon2.PasswordHasher.hash

    def heard(self: argon2.PasswordHasher, password: str) -> str:
        made.append(password)
        return hash_(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", heard)
    guest = await shop.account()

    for body in ({"account": {"emailAddress": "x"}, "password": PASSWORD}, {"account": {}, "password": PASSWORD}):
        assert (await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body)).status_code == 400
    for path in (f"{guest['id']}/Create-Login", "999999999/Create-Login"):
        await shop.post(f"{ACCOUNTS}/{path}", {"password": "short"})
    body = {"userName": "jo", "newPassword": PASSWORD, "confirmationCode": "0" * 40}
    assert (await shop.post(f"{ACCOUNTS}/Update-Forgotten-Password", body)).status_code == 400

    assert made == []
