"""A real PostgreSQL for the whole run, the whole app in this process, and a fresh tenant for each test.

Tests do not share data because tenants do not: `shop` is a tenant of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from patron import postgres
from patron.app import create_app
from patron.kernel.db import Database
from patron.settings import Settings
from shops import Shop, open_shop
from stage import TEST_KEY, Clock
from statements import Watch


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """An empty, migrated database in a cluster that ends with the run."""
    top = Path(tempfile.mkdtemp(prefix="patron-tests-"))
    top.chmod(0o711)
    running = postgres.start(top / "home", settings={"fsync": "off", "shared_buffers": "64MB"})
    environment = {**os.environ, "DATABASE_URL": running.url}
    subprocess.run([sys.executable, "-m", "patron.migrations"], env=environment, check=True)
    yield running.url
    running.stop()
    shutil.rmtree(top)


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    """Settings of the app under test. All tests are one address: the limit of token requests has a test of its own."""
    return Settings(
        database_url=database_url, secret_key=TEST_KEY, home=Path("/nonexistent"), token_requests_per_minute=100_000
    )


@pytest.fixture(scope="session")
def session_clock() -> Clock:
    """The app's one clock."""
    return Clock()


@pytest.fixture
def clock(session_clock: Clock) -> Iterator[Clock]:
    """The app's clock, stopped for the test."""
    session_clock.stop()
    yield session_clock
    session_clock.run()


@pytest.fixture(scope="session")
def statements() -> Iterator[Watch]:
    """Every SQL statement that this process runs."""
    watch = Watch()
    Database.on_statement = watch.hear
    yield watch
    Database.on_statement = None


@pytest.fixture(autouse=True)
def one_tenant_a_statement(statements: Watch) -> Iterator[None]:
    """No test may have run a statement that forgot to name the tenant of a table."""
    yield
    assert statements.faults() == {}


@pytest_asyncio.fixture(scope="session")
async def app(settings: Settings, session_clock: Clock) -> AsyncIterator[Starlette]:
    """The whole app, started."""
    app = create_app(settings, session_clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """Our own way into the database, for setting up and for looking."""
    database = await Database.open(database_url, size=4)
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="session")
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, without credentials."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


@pytest_asyncio.fixture
async def shop(http: httpx.AsyncClient, database: Database) -> Shop:
    """A tenant with a site and an application that holds every behavior, signed in."""
    return await open_shop(http, database)


@pytest_asyncio.fixture
async def other_shop(http: httpx.AsyncClient, database: Database) -> Shop:
    """Another tenant, for tests of the wall between them."""
    return await open_shop(http, database)
