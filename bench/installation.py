"""An installation for one run: its own home, PostgreSQL, key and server processes, as `patron serve` starts them."""

import base64
import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from patron import postgres
from patron.serve.crew import module

SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "200"}
READY_SECONDS_MAX = 30


class Servers(msgspec.Struct, frozen=True):
    """So many processes of one program on one port."""

    processes: list["subprocess.Popen[Any]"]
    port: int

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [process.pid for process in self.processes]


class Installation(msgspec.Struct, frozen=True):
    """What the run works with."""

    home: Path
    running: postgres.Running
    env: dict[str, str]

    @property
    def postmaster(self) -> int:
        """The process id of PostgreSQL's first process."""
        return self.running.process.pid

    @contextmanager
    def servers(self, name: str, count: int, **env: str) -> Iterator[Servers]:
        """`count` processes of a server module that share a listening socket."""
        metrics = self.home / f"metrics-{name}-{count}"
        metrics.mkdir()
        with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
            fd, port = listener.fileno(), listener.getsockname()[1]
            env = {**self.env, "PROMETHEUS_MULTIPROC_DIR": str(metrics), "PORT": str(port), **env}
            processes = [module(name, str(fd), env=env, fds=[fd]) for _ in range(count)]
            try:
                for _ in range(4 * count):  # each process is asked at least once, most likely
                    _wait_until_up(port)
                yield Servers(processes, port)
            finally:
                for process in processes:
                    process.terminate()
                for process in processes:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(15)


@contextmanager
def installed(kept: Path | None = None) -> Iterator[Installation]:
    """A fresh home with a migrated, empty database; all of it goes at the end. `kept` is one that stays for more."""
    home = kept or Path(tempfile.mkdtemp(prefix="patron-bench-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    for old in home.glob("metrics-*"):
        shutil.rmtree(old)
    running = postgres.start(home / "home", settings=SETTINGS)
    try:
        env = {
            # Without -P: the floors are modules of this folder.
            **{name: value for name, value in os.environ.items() if not name.startswith("PATRON_")},
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PATRON_HOME": str(home / "home"),
            "PATRON_LOG_LEVEL": "warning",
            "PATRON_REQUESTS_PER_MINUTE": "0",
            "PATRON_TOKEN_REQUESTS_PER_MINUTE": "0",
            "PATRON_SECRET_KEY": _key(home / "key"),
            "DATABASE_URL": running.url,
        }
        subprocess.run([sys.executable, "-m", "patron.migrations"], env=env, check=True)
        yield Installation(home, running, env)
    finally:
        running.stop()
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)


def _key(file: Path) -> str:
    """The installation's key, made with it."""
    if not file.exists():
        file.touch(0o600)
        file.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))
    return file.read_text()


def ask(port: int, head: bytes) -> tuple[int, bytes]:
    """Send one request as the load generator would; answers status and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def _wait_until_up(port: int) -> None:
    end = time.monotonic() + READY_SECONDS_MAX
    while True:
        with suppress(OSError, http.client.HTTPException):
            if ask(port, b"GET /healthz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")[0] == 200:
                return
        if time.monotonic() > end:
            raise TimeoutError("the server did not come up")
        time.sleep(0.05)


def environment(env: Mapping[str, str]) -> None:
    """Let this process see the installation's settings, for `Settings.from_env`."""
    os.environ.update(env)
