"""The app on a real socket, and for every test a shop of its own that it may wreck."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
import requests
import uvicorn
from supply import Supply

from patron.app import create_app
from patron.kernel.db import Database
from patron.settings import Settings


@pytest.fixture(scope="session")
def address(settings: Settings) -> Iterator[str]:
    """Where a server in this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest_asyncio.fixture(scope="session")
async def supply(address: str, database: Database) -> AsyncIterator[Supply]:
    """Real ids and tokens for the requests that are made up."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        with requests.Session() as session:
            yield Supply(address, http, session, database)


@pytest_asyncio.fixture(autouse=True)
async def a_shop_of_its_own(supply: Supply, settings: Settings) -> None:
    """A new shop with one of everything."""
    await supply.open(settings)
