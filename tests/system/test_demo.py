"""The demo shop: made once, its credentials open it, lost ones are replaced, other tenants are left alone."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from installations import KEY, Installation
from patron.app import create_app
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import Passwords
from patron.serve.home import read_shop
from patron.settings import Settings
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from shops import ACCOUNTS, TICKETS, Shop

SHAPE = {
    "tenant_id": int,
    "site_id": int,
    "kibo": {"client_id": str, "client_secret": str},
    "staff": {"email": str, "password": str},
    "shopper": {"email": str, "password": str, "account_id": int},
    "commercelayer": {"organization": str, "integration": dict, "sales_channel": dict},
}


@asynccontextmanager
async def opened(installation: Installation) -> AsyncIterator[Shop]:
    """The shop as its back end sees it, signed in with the credentials of the file."""
    demo = installation.shop()
    settings = Settings(database_url=installation.url, secret_key=KEY, home=Path("/nonexistent"))
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        database = await Database.open(installation.url, size=1)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http:
            shop = Shop(http, database, tenant_id=demo["tenant_id"], site_id=demo["site_id"], **demo["kibo"])
            shop.token = await shop.sign_in()
            yield shop
        await database.close()


async def rows(installation: Installation, sql: str, *args: object) -> list[asyncpg.Record]:
    """What the database says."""
    conn = await asyncpg.connect(installation.url)
    try:
        found: list[asyncpg.Record] = await conn.fetch(sql, *args)
        return found
    finally:
        await conn.close()


async def count(installation: Installation, table: str) -> int:
    return int((await rows(installation, f"select count(*) from {table}"))[0][0])


async def staff_hash(installation: Installation) -> str:
    return str((await rows(installation, "select password_hash from staff"))[0][0])


async def sign_in(shop: Shop, shopper: dict[str, Any]) -> httpx.Response:
    return await shop.post(TICKETS, {"username": shopper["email"], "password": shopper["password"]})


async def test_an_empty_database_gets_a_shop_whose_credentials_open_it(installation: Installation) -> None:
    said = installation.run("patron.demo").stdout
    assert "Made the demo shop with 2,000 customers" in said

    demo = installation.shop()
    assert {
        key: {name: type(one) for name, one in value.items()} if isinstance(value, dict) else type(value)
        for key, value in demo.items()
    } == SHAPE
    assert stat.S_IMODE(installation.shop_file.stat().st_mode) == 0o600
    passwords = Passwords()
    async with passwords.turn() as turn:
        assert await turn.matches(demo["staff"]["password"], await staff_hash(installation))
    passwords.close()
    async with opened(installation) as shop:
        page = (await shop.get(ACCOUNTS, params={"pageSize": 1})).json()
        assert page["totalCount"] == 2_001
        signed_in = await sign_in(shop, demo["shopper"])
        assert signed_in.status_code == 201, signed_in.text
        assert signed_in.json()["customerAccount"]["id"] == demo["shopper"]["account_id"]
        tenant = (await shop.get(f"/api/platform/tenants/{shop.tenant_id}")).json()
        assert [(site["countryCode"], site["currencyCode"], site["localeCode"]) for site in tenant["sites"]] == [
            ("US", "USD", "en-US"),
            ("DE", "EUR", "de-DE"),
        ]
    held = await rows(installation, "select behaviors from application where kind = 'backend'")
    assert {frozenset(row["behaviors"]) for row in held} == {frozenset(BEHAVIORS)}


async def second_tokens(shop: Shop, demo: dict[str, Any]) -> list[httpx.Response]:
    """What the integration, the sales channel and the known shopper get from the second dialect's token endpoint."""
    second = demo["commercelayer"]
    channel = second["sales_channel"]
    person = {"username": demo["shopper"]["email"], "password": demo["shopper"]["password"]}
    bodies = (
        {"grant_type": "client_credentials", **second["integration"]},
        {"grant_type": "client_credentials", **channel},
        {"grant_type": "password", **channel, **person},
    )
    return [await shop.http.post("/oauth/token", json=body) for body in bodies]


async def test_the_second_dialect_s_programs_open_the_shop(installation: Installation) -> None:
    installation.run("patron.demo")
    demo = installation.shop()
    assert demo["commercelayer"]["organization"] == "patron-demo"
    assert demo["commercelayer"]["sales_channel"]["scope"] == "market:code:us"
    async with opened(installation) as shop:
        tokens = await second_tokens(shop, demo)
        assert [answer.status_code for answer in tokens] == [200, 200, 200]
        asked = {"authorization": f"Bearer {tokens[0].json()['access_token']}"}
        customers = await shop.http.get("/api/customers?page[size]=1", headers=asked)
        assert customers.json()["meta"]["record_count"] == 2_001


async def test_a_shop_of_an_earlier_version_gets_programs_of_the_second_dialect(installation: Installation) -> None:
    installation.run("patron.demo")
    before = installation.shop()
    earlier = {name: value for name, value in before.items() if name != "commercelayer"}
    installation.shop_file.write_text(json.dumps(earlier))
    await rows(installation, "delete from application_directory where client_id like 'patron-demo-%'")
    await rows(installation, "delete from application where kind <> 'backend'")
    await rows(installation, "update site set code = null")

    assert "through the second API" in installation.run("patron.demo").stdout

    after = installation.shop()
    assert {name: value for name, value in after.items() if name != "commercelayer"} == earlier
    async with opened(installation) as shop:
        assert [answer.status_code for answer in await second_tokens(shop, after)] == [200, 200, 200]
    assert "credentials are unchanged" in installation.run("patron.demo").stdout


async def test_the_known_shopper_has_an_address_book_and_orders(installation: Installation) -> None:
    installation.run("patron.demo")
    account_id = installation.shop()["shopper"]["account_id"]
    async with opened(installation) as shop:
        account = (await shop.get(f"{ACCOUNTS}/{account_id}")).json()
        assert [contact["address"]["cityOrTown"] for contact in account["contacts"]] == ["Austin", "Austin"]
        assert account["commerceSummary"]["orderCount"] == 3
        assert account["commerceSummary"]["totalOrderAmount"] == {"amount": 244.25, "currencyCode": "USD"}
        assert account["segments"]
        assert account["notes"]


async def test_a_later_start_changes_nothing(installation: Installation) -> None:
    installation.run("patron.demo")
    before, hashed = installation.shop_file.read_text(), await staff_hash(installation)
    again = installation.run("patron.demo")
    assert "credentials are unchanged" in again.stdout
    assert installation.shop_file.read_text() == before
    assert await staff_hash(installation) == hashed
    assert await count(installation, "account") == 2_001
    assert await count(installation, "tenant") == 1


async def test_the_shop_follows_the_address_of_the_server(installation: Installation) -> None:
    installation.run("patron.demo")
    installation.run("patron.demo", PATRON_BASE_URL="https://demo.shop.test")
    assert {row["domain"] for row in await rows(installation, "select domain from site")} == {"https://demo.shop.test"}


@pytest.mark.parametrize("lost", ["gone", "cut off", "of another database"])
async def test_lost_credentials_are_made_anew(installation: Installation, lost: str) -> None:
    installation.run("patron.demo")
    before = installation.shop()
    if lost == "gone":
        installation.shop_file.unlink()
    elif lost == "cut off":
        installation.shop_file.write_text('{"tenant_id": 10')
    else:
        text = installation.shop_file.read_text()
        installation.shop_file.write_text(text.replace(before["kibo"]["client_secret"], "0" * 8))

    assert "made new ones" in installation.run("patron.demo").stdout

    after = installation.shop()
    assert after["tenant_id"] == before["tenant_id"]
    assert after["shopper"]["account_id"] == before["shopper"]["account_id"]
    async with opened(installation) as shop:
        assert (await sign_in(shop, after["shopper"])).status_code == 201
        assert (await sign_in(shop, before["shopper"])).status_code == 401
        shop.client_secret = before["kibo"]["client_secret"]
        refused = await shop.http.post(
            "/api/platform/applications/authtickets/oauth", json={**before["kibo"], "grant_type": "client_credentials"}
        )
        assert refused.status_code == 401
    assert await count(installation, "account") == 2_001
    passwords = Passwords()
    async with passwords.turn() as turn:
        assert await turn.matches(after["staff"]["password"], await staff_hash(installation))
    passwords.close()


async def test_a_locked_and_disabled_shopper_can_sign_in_with_new_credentials(installation: Installation) -> None:
    installation.run("patron.demo")
    account_id = installation.shop()["shopper"]["account_id"]
    async with opened(installation) as shop:
        locked = await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)
        assert locked.status_code < 300
        disabled = await shop.post(f"{ACCOUNTS}/{account_id}/action", {"actionName": "DisableAccount"})
        assert disabled.status_code < 300
    installation.shop_file.unlink()
    installation.run("patron.demo")
    async with opened(installation) as shop:
        assert (await sign_in(shop, installation.shop()["shopper"])).status_code == 201


async def test_a_database_of_other_tenants_is_left_alone(installation: Installation) -> None:
    database = await Database.open(installation.url, size=1)
    await tenants.create_tenant(database.session(), name="Real shop", slug="real", mode="live", now=clock())
    await database.close()
    installation.shop_file.write_text('{"tenant_id": 1}')  # of another database that this folder had before

    said = installation.run("patron.demo").stdout

    assert "holds other tenants: no demo shop is made" in said
    assert await count(installation, "tenant") == 1
    assert await count(installation, "application") == 0
    assert await count(installation, "account") == 0
    assert read_shop(installation.home) is None  # so that `patron serve` goes on without one


async def test_a_shop_that_was_killed_half_way_is_made_by_the_next_start(installation: Installation) -> None:
    conn = await asyncpg.connect(installation.url)
    held = conn.transaction()
    await held.start()
    await conn.execute("lock table event in exclusive mode")  # the last table that is written: the rest has been
    process = installation.start("patron.demo")
    try:
        while not await conn.fetchval("select exists (select from pg_locks where not granted)"):
            assert process.poll() is None
            await asyncio.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    await held.rollback()
    await conn.close()
    assert await count(installation, "tenant") == 0
    assert not installation.shop_file.exists()

    installation.run("patron.demo")

    assert await count(installation, "account") == 2_001
    assert await count(installation, "tenant") == 1
    async with opened(installation) as shop:
        assert (await sign_in(shop, installation.shop()["shopper"])).status_code == 201


async def test_two_starts_at_once_make_one_shop(installation: Installation) -> None:
    both = [installation.start("patron.demo"), installation.start("patron.demo")]
    assert [process.wait(240) for process in both] == [0, 0]
    assert await count(installation, "tenant") == 1
    assert await count(installation, "account") == 2_001


async def test_a_database_that_does_not_answer_is_told_without_a_traceback(installation: Installation) -> None:
    done = installation.run("patron.demo", status=1, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert "127.0.0.1" in done.stdout
