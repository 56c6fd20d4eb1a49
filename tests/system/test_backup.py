"""The drill of docs/operations.md: dump with PostgreSQL's own program, restore elsewhere, and all is there.

The secret key is kept apart: with it the copy is the installation, without it sealed things stay sealed.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from installations import KEY, Installation
from patron.app import create_app
from patron.demo import SHOP_FILE
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.postgres import binaries
from patron.postgres.binaries import Binaries
from patron.settings import Settings
from shoppers import is_signed_in, refresh, sign_in
from shops import ACCOUNTS, PASSWORD, Shop, open_shop

COUNTED = """
    select (select coalesce(sum(accounts), 0) from account_count where tenant_id = t.id) as counter,
           (select count(*) from account where tenant_id = t.id) as rows
    from tenant t order by t.id
"""


@pytest.fixture
def programs(installation: Installation) -> Binaries:
    """The programs of the embedded PostgreSQL, as the user that may enter its socket's folder."""
    sockets = installation.url.partition("host=")[2].partition("&")[0].replace("%2F", "/")
    return binaries.find(binaries.owner_for(Path(sockets).parent), print)


@pytest.fixture
def dump(programs: Binaries) -> Iterator[Path]:
    """Where a dump can be written by whom PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="patron-test-"))
    if programs.owner.drops:
        shutil.chown(folder, programs.owner.uid, programs.owner.gid)
    yield folder / "patron.dump"
    shutil.rmtree(folder)


@asynccontextmanager
async def http_of(url: str, key: str = KEY) -> AsyncIterator[httpx.AsyncClient]:
    """The app on a database, started and stopped."""
    app = create_app(Settings(database_url=url, secret_key=key, home=Path("/nonexistent")))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://x.test") as http,
    ):
        yield http


async def counted(url: str) -> list[tuple[int, int]]:
    """For each tenant its counters' sum and its accounts."""
    conn = await asyncpg.connect(url)
    try:
        return [(int(row["counter"]), row["rows"]) for row in await conn.fetch(COUNTED)]
    finally:
        await conn.close()


@asynccontextmanager
async def restored(installation: Installation, programs: Binaries, dump: Path) -> AsyncIterator[str]:
    """The installation's database, dumped and restored into a new one."""
    programs.run("pg_dump", "--format=custom", f"--file={dump}", installation.url)
    name = f"restored_{random_token(6)}"
    conn = await asyncpg.connect(installation.url)
    try:
        await conn.execute(f"create database {name}")
        url = installation.url.replace(installation.url.split("@/")[1].partition("?")[0], name, 1)
        programs.run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(dump))
        yield url
        await conn.execute(f"drop database {name} with (force)")
    finally:
        await conn.close()


async def test_a_restored_copy_is_the_installation(installation: Installation, programs: Binaries, dump: Path) -> None:
    installation.run("patron.demo")
    demo = installation.shop()
    assert installation.shop_file.name == SHOP_FILE
    async with http_of(installation.url) as http:
        database = await Database.open(installation.url, size=2)
        shop = await open_shop(http, database)
        await shop.shopper(emailAddress="jo@example.com")
        ticket, other_ticket = [(await sign_in(shop, "jo@example.com")).json() for _ in range(2)]
        await database.close()

    async with restored(installation, programs, dump) as url:
        async with http_of(installation.url) as http:
            shop.http = http
            later = (await refresh(shop, other_ticket)).json()
        assert await counted(url) == await counted(installation.url)
        assert all(counter == rows > 0 for counter, rows in await counted(url))
        async with http_of(url) as http:
            copy = Shop(
                http,
                database,
                tenant_id=shop.tenant_id,
                site_id=shop.site_id,
                client_id=shop.client_id,
                client_secret=shop.client_secret,
            )
            copy.token = await copy.sign_in()
            assert (await copy.get(ACCOUNTS)).json()["totalCount"] == 1
            assert (await sign_in(copy, "JO@example.com")).status_code == 201
            assert (await sign_in(copy, "jo@example.com", PASSWORD + "!")).status_code == 401
            assert await is_signed_in(copy, ticket)
            assert (await refresh(copy, ticket)).status_code == 200
            assert (await refresh(copy, later)).status_code == 401

            other = Shop(http, database, tenant_id=demo["tenant_id"], site_id=demo["site_id"], **demo["kibo"])
            other.token = await other.sign_in()
            assert (await sign_in(other, demo["shopper"]["email"], demo["shopper"]["password"])).status_code == 201

        said = installation.patron("doctor", status=1, DATABASE_URL=url)
        assert "✓ The schema is up to date" in said
        assert "✓ The secret key fits" in said


async def test_a_copy_without_its_key_stays_sealed(installation: Installation, programs: Binaries, dump: Path) -> None:
    installation.patron("keys", "rotate", "--lead", "0")

    async with restored(installation, programs, dump) as url:
        with pytest.raises(ValueError, match="sealed with another key"):
            async with http_of(url, "C" * 42 + "A"):
                pass
        said = installation.patron("doctor", status=1, DATABASE_URL=url, PATRON_SECRET_KEY="C" * 42 + "A")
        assert "✗ The secret key is not the one that this database was sealed with" in said
