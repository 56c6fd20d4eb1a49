"""Walks with the vendors' own clients: a program for Node.js that reports line by line, and the server it calls."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from stage import TEST_KEY

NODE = Path(sys.executable).with_name("node")
CLEAN = {name: value for name, value in os.environ.items() if not re.match(r"PATRON_|DATABASE_URL|PORT$|mozu", name)}
LINE_BYTES_MAX = 4_000_000


def _env(database_url: str, more: dict[str, str]) -> dict[str, str]:
    known = {"DATABASE_URL": database_url, "PATRON_SECRET_KEY": TEST_KEY, "PATRON_LOG_LEVEL": "warning"}
    return CLEAN | known | more


@contextmanager
def serving(database_url: str, log: Path, **settings: str) -> Iterator[str]:
    """One server process, as `patron serve` starts it, on a port of its own, with these settings. Gives its address."""
    env = _env(database_url, settings)
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "patron.server", str(listening.fileno())],
            env=env,
            pass_fds=[listening.fileno()],
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        # The socket listens already: the first request waits until the server is there.
        assert httpx.get(f"{base}/healthz", timeout=60).status_code == 200
        yield base
    finally:
        process.terminate()
        process.wait(30)
        sys.stdout.write(log.read_text(encoding="utf-8"))


@contextmanager
def working(database_url: str, log: Path, **settings: str) -> Iterator[None]:
    """A worker process beside the server."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "patron.worker"],
            env=_env(database_url, settings),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
        sys.stdout.write(log.read_text(encoding="utf-8"))
