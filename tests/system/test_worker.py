"""The background worker: it removes what has ended and nothing else, and no trouble stops it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from installations import KEY, Installation
from patron import worker
from patron.app import create_app
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.settings import Settings
from shoppers import anonymous, refresh, sign_in, until
from shops import ACCOUNTS, Shop, open_shop

NOW = datetime.fromisoformat("2026-11-20T12:00:00Z")
DAY = timedelta(days=1)
INSTANT = timedelta(milliseconds=1)


@pytest_asyncio.fixture
async def own(installation: Installation) -> AsyncIterator[Database]:
    """A database of its own."""
    database = await Database.open(installation.url, size=4)
    yield database
    await database.close()


@asynccontextmanager
async def serving(installation: Installation, database: Database) -> AsyncIterator[Shop]:
    """The app over that database, with one shop."""
    app = create_app(Settings(database_url=installation.url, secret_key=KEY))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        yield await open_shop(http, database)


@asynccontextmanager
async def working(installation: Installation, **settings: Any) -> AsyncIterator[None]:
    """The worker, in this process."""
    work = asyncio.create_task(worker.run(Settings(database_url=installation.url, secret_key=KEY, **settings)))
    try:
        yield
        assert not work.done()
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


# Each table that is swept: a row that has just come to its end, relative to NOW, and one that has not.
def family(**times: datetime) -> dict[str, Any]:
    return {
        "id": random_token(), "user_id": "u", "account_id": 1, "application_id": 1, "site_id": 1, "access_seconds": 60,
        "refresh_seconds": 60, "digest": b"", "issued_at": NOW - 2 * DAY, "ends_at": NOW + 30 * DAY,
        "expires_at": NOW + DAY, "ended_at": None, **times,
    }  # fmt: skip


def mail(created_at: datetime, next_at: datetime | None) -> dict[str, Any]:
    return {"kind": "k", "recipient": "r", "subject": "s", "sealed_body": b"", "created_at": created_at,
            "next_at": next_at}  # fmt: skip


def code(created_at: datetime) -> dict[str, Any]:
    return {"id": random_token(), "account_id": 1, "key": b"", "mac": "", "created_at": created_at,
            "expires_at": created_at}  # fmt: skip


def wait(expires_at: datetime) -> dict[str, Any]:
    return {
        "account_id": 1, "application_id": 1, "site_id": 1, "login_version": 1, "by_app": False, "access_seconds": 60,
        "refresh_seconds": 60, "created_at": NOW - 9 * DAY, "expires_at": expires_at,
    }  # fmt: skip


def factor(created_at: datetime, confirmed_at: datetime | None) -> dict[str, Any]:
    return {"account_id": 1, "name": "n", "sealed_secret": b"", "created_at": created_at,
            "confirmed_at": confirmed_at}  # fmt: skip


def grant(nonce: int, **times: datetime) -> dict[str, Any]:
    fixed = {"scope": "", "is_confidential": True, "issued_at": NOW - 20 * DAY}
    return {"application_id": 1, "nonce": nonce, **fixed, **times}


def delivery(created_at: datetime) -> dict[str, Any]:
    return {"webhook_id": 1, "event_id": 1, "topic": "t", "is_replay": True, "created_at": created_at}


def job(updated_at: datetime, **of_import: Any) -> dict[str, Any]:
    """An export, or an import from a source."""
    made = {"format": "csv", "created_at": updated_at, "updated_at": updated_at}
    return made | ({"on_existing": "skip", "site_id": 1, **of_import} if of_import else {})


def code_of_grant(digest: bytes, expires_at: datetime) -> dict[str, Any]:
    """What a user gave a web app."""
    return {
        "application_id": 1,
        "staff_id": 1,
        "digest": digest,
        "redirect_uri": "u",
        "scope": "",
        "expires_at": expires_at,
    }


def problem(job_id: int) -> dict[str, Any]:
    """What was wrong with a row of an import."""
    return {"job_id": job_id, "line": 1, "row_key": "k", "field": "email", "message": "m", "is_warning": False}


SWEPT: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "idempotency_key": (
        [{"caller": "c", "key": "old", "fingerprint": b"", "created_at": NOW - DAY, "expires_at": NOW - INSTANT}],
        [{"caller": "c", "key": "new", "fingerprint": b"", "created_at": NOW - DAY, "expires_at": NOW}],
    ),
    "ended_token": ([{"id": "old", "expires_at": NOW - INSTANT}], [{"id": "new", "expires_at": NOW}]),
    "ticket_family": (
        [family(expires_at=NOW - DAY - INSTANT), family(ended_at=NOW - DAY - INSTANT),
         family(expires_at=NOW - 3 * DAY, ended_at=NOW - 2 * DAY)],
        [family(), family(expires_at=NOW - DAY), family(ended_at=NOW - DAY), family(ended_at=NOW)],
    ),
    "sign_in_failure": (
        [{"key": b"old", "failed_count": 9, "first_at": NOW - 9 * DAY, "last_at": NOW - DAY - INSTANT}],
        [{"key": b"new", "failed_count": 9, "first_at": NOW - 9 * DAY, "last_at": NOW - DAY}],
    ),
    "access_grant": (
        [
            grant(1, expires_at=NOW - DAY - INSTANT),
            grant(2, expires_at=NOW - 14 * DAY, refresh_expires_at=NOW - DAY - INSTANT),
            grant(3, expires_at=NOW + DAY, refresh_expires_at=NOW + 14 * DAY, ended_at=NOW - DAY - INSTANT),
        ],
        [
            grant(4, expires_at=NOW - DAY),
            grant(5, expires_at=NOW - 14 * DAY, refresh_expires_at=NOW - DAY),
            grant(6, expires_at=NOW + DAY, ended_at=NOW - DAY),
        ],
    ),
    "authorization_code": ([code_of_grant(b"old", NOW - DAY - INSTANT)], [code_of_grant(b"new", NOW - DAY)]),
    "login_device": (
        [{"account_id": 1, "fingerprint": b"old", "seen_at": NOW - 400 * DAY - INSTANT}],
        [{"account_id": 1, "fingerprint": b"new", "seen_at": NOW - 400 * DAY}],
    ),
    "password_reset": (
        [{"account_id": 1, "digest": b"", "created_at": NOW - 33 * DAY, "expires_at": NOW - 30 * DAY - INSTANT}],
        [{"account_id": 1, "digest": b"", "created_at": NOW - 33 * DAY, "expires_at": NOW - 30 * DAY}],
    ),
    "mailed_code": ([code(NOW - DAY - INSTANT)], [code(NOW - DAY)]),
    "waiting_sign_in": ([wait(NOW - DAY - INSTANT)], [wait(NOW - DAY)]),
    "second_factor": (
        [factor(NOW - DAY - INSTANT, None)],
        [factor(NOW - DAY, None), factor(NOW - 90 * DAY, NOW - 90 * DAY)],
    ),
    "webhook_delivery": (
        [delivery(NOW - 30 * DAY - INSTANT)],
        [delivery(NOW - 30 * DAY)],
    ),
    "import_key": (
        [{"rehearsal": "one", "line": 1, "key": "k", "at": NOW - DAY - INSTANT}],
        [{"rehearsal": "one", "line": 2, "key": "k", "at": NOW - DAY}],
    ),
    "import_job": (
        [job(NOW - 30 * DAY - INSTANT, source="inputs")],
        [
            job(NOW - 30 * DAY, source="inputs"),
            job(NOW - 90 * DAY, source="file"),
            job(NOW - 30 * DAY - INSTANT, source="file", id=901),
            job(NOW - 30 * DAY, source="file", id=902),
        ],
    ),
    "import_problem": ([problem(901)], [problem(902)]),
    "export_job": (
        [job(NOW - 30 * DAY - INSTANT)],
        [job(NOW - 30 * DAY)],
    ),
    "mail": (
        [mail(NOW - 30 * DAY - INSTANT, None)],
        [mail(NOW - 30 * DAY, None), mail(NOW - 90 * DAY, NOW)],
    ),
}  # fmt: skip


async def write(database: Database, table: str, tenant_id: int, row: dict[str, Any]) -> None:
    places = ", ".join(f"${n}" for n in range(2, len(row) + 2))
    await database.session().execute(
        f"insert into {table} (tenant_id, {', '.join(row)}) values ($1, {places})", tenant_id, *row.values()
    )


async def rows(database: Database, table: str, tenant_id: int) -> list[str]:
    sql = f"select t::text as line from {table} t where t.tenant_id = $1"
    return sorted(row["line"] for row in await database.session().fetch(sql, tenant_id))


async def test_a_sweep_removes_what_has_ended_and_nothing_else(installation: Installation, own: Database) -> None:
    assert SWEPT.keys() == worker._ENDED.keys()
    async with serving(installation, own) as shop:
        account_id = (await shop.shopper())["customerAccount"]["id"]
    application_id = await own.session().value("select id from application where tenant_id = $1", shop.tenant_id)
    hook = {"kind": "standard", "topics": [], "url": "u", "sealed_secret": b"", "created_at": NOW, "updated_at": NOW}
    await write(own, "webhook", shop.tenant_id, hook)
    user = {"email": "staff@example.com", "email_key": "staff@example.com", "password_hash": "", "created_at": NOW}
    await write(own, "staff", shop.tenant_id, user)
    ids = {"account_id": account_id, "application_id": application_id, "site_id": shop.site_id}
    for name, table in (("webhook_id", "webhook"), ("event_id", "event"), ("staff_id", "staff")):
        ids[name] = await own.session().value(f"select max(id) from {table} where tenant_id = $1", shop.tenant_id)

    def of_shop(row: dict[str, Any]) -> dict[str, Any]:
        return row | {name: value for name, value in ids.items() if name in row}

    kept: dict[str, list[str]] = {}
    for table, (_, staying) in SWEPT.items():
        for row in staying:
            await write(own, table, shop.tenant_id, of_shop(row))
        kept[table] = await rows(own, table, shop.tenant_id)
    for table, (ending, _) in SWEPT.items():
        for row in ending:
            await write(own, table, shop.tenant_id, of_shop(row))

    removed = await worker.sweep(own.session(), NOW)

    assert removed == sum(len(ending) for ending, _ in SWEPT.values())
    assert {table: await rows(own, table, shop.tenant_id) for table in SWEPT} == kept
    assert await worker.sweep(own.session(), NOW) == 0


async def test_a_sweep_takes_everything_however_much_it_is(
    installation: Installation, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_SWEPT_AT_ONCE", 3)
    async with serving(installation, own) as shop:
        for n in range(10):
            await write(own, "ended_token", shop.tenant_id, {"id": str(n), "expires_at": NOW - DAY})

    assert await worker.sweep(own.session(), NOW) == 10


async def test_what_is_in_use_survives_a_sweep(installation: Installation, own: Database) -> None:
    async with serving(installation, own) as shop:
        ticket = await shop.shopper(emailAddress="jo@example.com")
        for _ in range(5):
            await sign_in(shop, "jo@example.com", "Wrong-1")
        nobody = await anonymous(shop)
        headers = {"Idempotency-Key": "once"}
        first = await shop.post(ACCOUNTS, {"firstName": "Jo"}, headers=headers)
        await shop.post(f"{ACCOUNTS}/Reset-Password", {"emailAddress": "jo@example.com"})

        assert await worker.sweep(own.session(), clock()) == 0

        assert (await refresh(shop, ticket)).status_code == 200
        assert (await refresh(shop, nobody)).status_code == 200
        assert (await sign_in(shop, "jo@example.com")).status_code == 401
        again = await shop.post(ACCOUNTS, {"firstName": "Jo"}, headers=headers)
        assert again.json() == first.json()


async def test_ended_families_are_gone_and_stay_ended(installation: Installation, own: Database) -> None:
    async with serving(installation, own) as shop:
        ticket = await shop.shopper(emailAddress="jo@example.com")
        await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/Set-Login-Locked", True)
        assert await own.session().value("select count(*) from ticket_family where tenant_id = $1", shop.tenant_id) == 1

        await worker.sweep(own.session(), clock() + 2 * DAY)

        assert await own.session().value("select count(*) from ticket_family where tenant_id = $1", shop.tenant_id) == 0
        assert (await refresh(shop, ticket)).status_code == 401
        assert (await shop.get(f"{ACCOUNTS}/current", shopper=ticket["accessToken"])).status_code == 401


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does not wait long."""
    for name in ("HEARTBEAT_SECONDS", "MAIL_SECONDS", "SWEEP_SECONDS", "TROUBLE_SECONDS"):
        monkeypatch.setattr(worker, name, 0.02)


@pytest.mark.usefixtures("quick")
async def test_the_worker_says_that_it_is_alive(installation: Installation, own: Database) -> None:
    async with serving(installation, own) as shop:
        assert (await shop.http.get("/readyz")).status_code == 503
        async with working(installation):
            await until(lambda: is_ready(shop))
        await own.session().execute("update heartbeat set seen_at = seen_at - interval '1 minute'")
        silent = await shop.http.get("/readyz")
        assert (silent.status_code, silent.json()["worker"]) == (503, "silent")


async def is_ready(shop: Shop) -> bool:
    return (await shop.http.get("/readyz")).status_code == 200


@pytest.mark.usefixtures("quick")
async def test_a_job_that_fails_is_tried_again_and_stops_no_other(installation: Installation, own: Database) -> None:
    """A table is missing for a while, then all connections break; the heart goes on, and the mail is handled."""
    operator = await asyncpg.connect(installation.url)

    async def has_beaten() -> bool:
        return bool(await operator.fetchval("delete from heartbeat returning true"))

    async def is_handled() -> bool:
        return not await operator.fetchval("select exists (select from mail where next_at is not null)")

    async with serving(installation, own) as shop:
        await shop.shopper()
        await operator.execute("alter table mail rename to mail_elsewhere")
        async with working(installation):
            for _ in range(3):
                await until(has_beaten)
            await operator.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'patron' and datname = current_database()"
            )
            await until(has_beaten)
            await operator.execute("alter table mail_elsewhere rename to mail")
            await until(is_handled)
    await operator.close()


async def test_the_worker_ends_when_it_is_told(installation: Installation, own: Database) -> None:
    async def has_begun() -> bool:
        return bool(await own.session().value("select exists (select from heartbeat)"))

    for number in (signal.SIGTERM, signal.SIGINT):
        await own.session().execute("delete from heartbeat")
        process = installation.start("patron.worker")
        await until(has_begun)
        process.send_signal(number)
        assert await asyncio.to_thread(process.wait, 60) == 0
