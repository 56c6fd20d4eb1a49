"""Installations with a database of their own, copied from one that was migrated once."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest_asyncio

from installations import KEY, Installation
from mail_offices import Office
from patron.app import create_app
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.settings import Settings
from shops import open_shop

TEMPLATE = "migrated"


@pytest_asyncio.fixture(scope="session")
async def migrated(database_url: str) -> str:
    """The cluster's URL, after a migrated database without any session was made in it."""
    conn = await asyncpg.connect(database_url)
    await conn.execute(f"create database {TEMPLATE}")
    await conn.close()
    url = database_url.replace("/patron?", f"/{TEMPLATE}?")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "patron.migrations", env={**os.environ, "DATABASE_URL": url}
    )
    assert await process.wait() == 0
    return database_url


@pytest_asyncio.fixture
async def installation(migrated: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """A new installation: a migrated, empty database and an empty home."""
    name = f"own_{random_token(6)}"
    conn = await asyncpg.connect(migrated)
    try:
        await conn.execute(f"create database {name} template {TEMPLATE}")
        yield Installation(migrated.replace("/patron?", f"/{name}?"), tmp_path)
        await conn.execute(f"drop database {name} with (force)")
    finally:
        await conn.close()


@pytest_asyncio.fixture
async def office(installation: Installation) -> AsyncIterator[Office]:
    """A new installation with one shop."""
    settings = Settings(database_url=installation.url, secret_key=KEY)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        database = await Database.open(installation.url, size=4)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http:
            yield Office(await open_shop(http, database), settings, database)
        await database.close()
