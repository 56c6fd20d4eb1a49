"""Starts what the fault tests break, and shows what they measured."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sites import Cluster, Serve, Site

from patron import postgres
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from served import free_port, is_ready, start_serving, wait_for
from shops import open_shop


@pytest.fixture(scope="session")
def top() -> Iterator[Path]:
    """A folder that PostgreSQL's user can pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="patron-faults-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def cluster(top: Path) -> Iterator[Cluster]:
    """A cluster that tests may stop, freeze and fill, as long as it works again after them."""
    settings = {"fsync": "off", "shared_buffers": "32MB"}
    home = top / random_token(4)
    cluster = Cluster(home, postgres.start(home, settings=settings), settings)
    environment = {**os.environ, "DATABASE_URL": cluster.url}
    subprocess.run([sys.executable, "-P", "-m", "patron.migrations"], env=environment, check=True)
    yield cluster
    cluster.stop()


@pytest_asyncio.fixture
async def serve(top: Path) -> AsyncIterator[Serve]:
    """Start `patron serve` without the demo shop, and open a shop in it; all is stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(**env: str) -> Site:
            home, port = top / random_token(4), free_port()
            served = start_serving(home, top / f"{home.name}.log", "--no-demo", PORT=str(port), **env)
            stack.callback(lambda: sys.stdout.write(served.said()[-10_000:]))  # shown when the test fails
            stack.callback(lambda: served.process.poll() is None and served.stop())
            base_url = f"http://127.0.0.1:{port}"
            wait_for(lambda: is_ready(base_url) or served.process.poll() is not None)
            assert served.process.poll() is None, served.said()
            url = env.get("DATABASE_URL") or postgres.running_url(home)
            assert url
            database = await Database.open(url, size=1)
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=base_url, timeout=60))
            shop = await open_shop(http, database)
            await database.close()
            return Site(served, base_url, url, shop)

        yield start


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say what was measured; it stands below the results of the run."""
    return lambda line: record_property("measured", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The measurements."""
    lines = [
        str(value)
        for outcome in ("passed", "failed")
        for one in terminalreporter.stats.get(outcome, [])
        for name, value in one.user_properties
        if name == "measured"
    ]
    if lines:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(lines))
