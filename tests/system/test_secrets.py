"""No secret stands in clear in the logs or in the database, whatever was done with it."""

import asyncio
import base64
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import asyncpg
import httpx
import pytest

from installations import KEY, Installation
from patron.app import create_app
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import Vault
from patron.logins import totp
from patron.settings import Settings
from shoppers import anonymous, mailed_code, refresh, reset_token, set_policy, sign_in, until
from shops import ACCOUNTS, TICKETS, Shop, open_shop

FIRST, WRONG, SECOND, THIRD, BULK = (f"Canary-{word}-1" for word in ("first", "wrong", "second", "third", "bulk"))
OAUTH = "/api/platform/applications/authtickets"
# What carries a secret in an answer; all of them are hunted.
_SECRET = re.compile(r"(access|refresh|jwtAccess)_?token|accessToken|refreshToken|jwtAccessToken|secret", re.I)


class Canaries:
    """Every secret that was sent or got, and the parts of it that would do."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    async def hear(self, answer: httpx.Response) -> None:
        """Take the tokens out of an answer."""
        await answer.aread()
        if answer.headers.get("content-type") == "application/json":
            for secret in self._within(answer.json()):
                self.add(secret)

    def _within(self, body: Any) -> Iterator[str]:
        if isinstance(body, dict):
            for name, value in body.items():
                if isinstance(value, str) and _SECRET.fullmatch(name):
                    yield value
                if name == "recoveryCodes":
                    yield from value
                yield from self._within(value)
        elif isinstance(body, list):
            for one in body:
                yield from self._within(one)

    def add(self, secret: str) -> None:
        """A whole secret, the signature of a signed token, and the code of a refresh token."""
        self.known.add(secret)
        if secret.count(".") == 2:
            self.known.add(secret.rpartition(".")[2])
        elif re.fullmatch(r"[0-9a-f]{72}", secret):
            self.known.add(secret[-32:])

    def found_in(self, text: str) -> list[str]:
        """The secrets that a text holds: as they are, or as the digits in which PostgreSQL shows bytes."""
        return [secret for secret in self.known if secret in text or secret.encode().hex() in text]


def start(installation: Installation, listening: socket.socket, words: IO[bytes]) -> "subprocess.Popen[bytes]":
    """A real server process on that socket."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "patron.server", str(listening.fileno())],
        env=installation.env | {"PATRON_LOG_LEVEL": "debug", "PYTHONWARNINGS": "default"},
        pass_fds=[listening.fileno()],
        stdout=words,
        stderr=subprocess.STDOUT,
    )


@asynccontextmanager
async def serving(installation: Installation, log: Path, canaries: Canaries) -> AsyncIterator[Shop]:
    """A server whose every word goes to a file, and a shop in it."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with log.open("wb") as words, listening:
        process = start(installation, listening, words)
        database = await Database.open(installation.url, size=2)
        try:
            async with httpx.AsyncClient(base_url=url, event_hooks={"response": [canaries.hear]}, timeout=60) as http:
                yield await open_shop(http, database)
        finally:
            await database.close()
            process.terminate()
            await asyncio.to_thread(process.wait)


async def use_everything(shop: Shop, settings: Settings, canaries: Canaries) -> None:
    """Every operation that takes or gives a secret, with success and with failure."""
    key = {"Idempotency-Key": "same"}
    body = {"account": {"emailAddress": "jo@example.com"}, "password": FIRST, "fingerprint": "Canary-device-1"}
    ticket = (await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body, headers=key)).json()
    again = await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body, headers=key)
    assert again.json() == ticket
    account_id = ticket["customerAccount"]["id"]
    guest = await shop.account()
    await shop.post(f"{ACCOUNTS}/{guest['id']}/Create-Login", {"password": FIRST})
    await shop.post(f"{ACCOUNTS}/Bulk", [{"account": {"emailAddress": "kim@example.com"}, "password": BULK}])
    for password in (FIRST, WRONG):
        await sign_in(shop, "jo@example.com", password, fingerprint="Canary-device-1")
        await sign_in(shop, "nobody@example.com", password)
    nobody = await anonymous(shop)
    for one in (ticket, ticket, nobody, {"refreshToken": f"{ticket['refreshToken'][:-1]}x"}):
        await refresh(shop, one)
    change = {"oldPassword": FIRST, "newPassword": SECOND}
    for _ in range(2):
        await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", change, headers={"Idempotency-Key": "change"})
    row = {"accountId": account_id, "passwordInfo": {"oldPassword": WRONG, "newPassword": SECOND}}
    await shop.post(f"{ACCOUNTS}/Change-Passwords", {"items": [row]})
    token = await reset_token(shop, settings, emailAddress="jo@example.com")
    canaries.add(token)
    forgotten = {"userName": "jo@example.com", "newPassword": THIRD, "confirmationCode": token}
    for _ in range(2):
        await shop.post(f"{ACCOUNTS}/Update-Forgotten-Password", forgotten)
    assert (await sign_in(shop, "jo@example.com", THIRD)).status_code == 201
    await use_codes(shop, settings, account_id)


async def use_codes(shop: Shop, settings: Settings, account_id: int) -> None:
    """Codes by mail, right and wrong, and an authenticator app with its recovery codes; digits are no canaries."""
    await set_policy(shop, email_code_sign_in=True, second_factor={"always": True})
    first = (await sign_in(shop, "jo@example.com", THIRD)).json()
    code = {"userId": first["userId"], "otpCode": await mailed_code(shop, settings)}
    for _ in range(2):
        await shop.post(f"{TICKETS}/2fa/auth", code, shopper=first["accessToken"])
    await shop.post(f"{TICKETS}/otp/request", {"email": "jo@example.com"})
    mailed = await mailed_code(shop, settings, "shopperSignInCode")
    await shop.post(f"{TICKETS}/otp/auth", {"email": "jo@example.com", "otpCode": mailed})
    path = f"{ACCOUNTS}/{account_id}/secondfactors"
    app = (await shop.post(path, {"name": "Phone"}, headers={"Idempotency-Key": "app"})).json()
    now = totp.code_at(base64.b32decode(app["secret"]), totp.step_of(clock()))
    made = await shop.post(f"{path}/{app['id']}/confirm", {"otpCode": now}, headers={"Idempotency-Key": "confirm"})
    assert len(made.json()["recoveryCodes"]) == 10
    await sign_in(shop, "jo@example.com", THIRD)
    for recovery in (made.json()["recoveryCodes"][0], "wrong-codes"):
        await shop.post(f"{TICKETS}/2fa/auth", {"userId": first["userId"], "otpCode": recovery})
    await set_policy(shop)


async def use_the_platform(shop: Shop) -> None:
    secret = {"client_id": shop.client_id, "client_secret": shop.client_secret}
    first = (await shop.http.post(f"{OAUTH}/oauth", json=secret)).json()
    await shop.http.post(f"{OAUTH}/oauth", data={**secret, "refresh_token": first["refresh_token"]})
    await shop.http.post(f"{OAUTH}/oauth", json={**secret, "client_secret": WRONG})
    await shop.http.post(OAUTH, json={"applicationId": shop.client_id, "sharedSecret": shop.client_secret})
    await shop.http.delete(f"{OAUTH}/{first['refresh_token']}")
    await shop.http.put(f"{OAUTH}/refresh-ticket", json={"refreshToken": first["refresh_token"]})


async def fail_inside(shop: Shop) -> None:
    """Settings that cannot be read make calls fail with a trace in the log."""
    await set_policy(shop, access_minutes="soon")
    for name, password in (("jo@example.com", THIRD), ("nobody@example.com", WRONG)):
        assert (await sign_in(shop, name, password, authTicketTtlMinutes=5)).status_code == 500
    assert (await refresh(shop, {"refreshToken": f"{'0' * 71}x"})).status_code == 401
    assert (await shop.get(f"{TICKETS}/anonymousshopper")).status_code == 500


async def everything_stored(installation: Installation) -> str:
    """Every row of every table, as text."""
    conn = await asyncpg.connect(installation.url)
    tables = await conn.fetch("select tablename from pg_tables where schemaname = 'public'")
    rows = [row for (table,) in tables for row in await conn.fetch(f"select t::text from {table} t")]
    await conn.close()
    assert len(rows) > 50
    return "\n".join(row[0] for row in rows)


async def test_no_secret_is_logged_or_stored_in_clear(installation: Installation, tmp_path: Path) -> None:
    settings = Settings(database_url=installation.url, secret_key=KEY)
    canaries, log = Canaries(), tmp_path / "log"
    canaries.known |= {FIRST, WRONG, SECOND, THIRD, BULK, "Canary-device-1", KEY}

    async with serving(installation, log, canaries) as shop:
        canaries.add(shop.client_secret)
        await use_everything(shop, settings, canaries)
        await use_the_platform(shop)
        await fail_inside(shop)
        worker = installation.start("patron.worker")
        await until(lambda: is_handled(shop))
        worker.terminate()
        await asyncio.to_thread(worker.wait)

    words, stored = log.read_text(), await everything_stored(installation)
    assert len(canaries.known) > 40
    assert words.count("request failed") == 3
    assert canaries.found_in(words) == []
    assert canaries.found_in(stored) == []
    assert '"d"' not in stored
    with pytest.raises(ValueError, match="another key"):
        Vault(b"x" * 32).open(Vault(settings.key).seal(b"x", "mail body"), "mail body")


async def is_handled(shop: Shop) -> bool:
    waiting = "select exists (select from mail where tenant_id = $1 and next_at is not null)"
    return not await shop.database.session().value(waiting, shop.tenant_id)


async def test_processes_that_start_at_once_agree_on_their_first_keys(installation: Installation) -> None:
    settings = Settings(database_url=installation.url, secret_key=KEY)
    apps = [create_app(settings) for _ in range(4)]
    contexts = [app.router.lifespan_context(app) for app in apps]

    await asyncio.gather(*(context.__aenter__() for context in contexts))

    conn = await asyncpg.connect(installation.url)
    made = await conn.fetch("select algorithm, count(*) from signing_key group by algorithm")
    assert dict(made) == {"Ed25519": 1, "RS512": 1}
    await conn.close()
    for context in contexts:
        await context.__aexit__(None, None, None)
