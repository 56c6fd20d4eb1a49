"""The start of an installation step by step, the watch over it, and its orderly end."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

from patron import postgres
from patron.demo import SHOP_FILE
from patron.kernel import secrets
from patron.postgres import PostgresError
from patron.serve import home as folder
from patron.serve.crew import Crew, Member, module
from patron.serve.listening import listen, reachable_url
from patron.serve.screen import CannotStart, Screen
from patron.serve.signals import Signals, Stop, below_make
from patron.settings import Settings

READY_SECONDS_MAX = 120
CONNECTIONS_PER_SERVER = 20  # a server's pool and its listener, with room to spare
POSTGRES, WORKER, SERVERS = range(3)  # ranks: the servers finish their requests first, the database goes last


def serve(*, demo: bool = True) -> int:
    """Run the installation of the environment's settings until Ctrl-C; the exit status of the command.

    0 after Ctrl-C or SIGTERM, 1 when it could not start (the screen says why). `demo` also makes the demo shop.
    """
    screen = Screen()
    signals = Signals()
    try:
        with below_make():
            settings = Settings.from_env()
            with folder.locked(postgres.make_home(settings.home)):
                Installation(settings, signals, screen).run(demo=demo)
    except (CannotStart, PostgresError, ValueError) as error:
        screen.fail(str(error))
        return 1
    except OSError as error:
        screen.fail(f"{error.filename or 'The operating system'}: {error.strerror or error}")
        return 1
    except Stop:  # before there was anything to stop
        return 0
    return 0


class Installation:
    """One run of `patron serve`: the steps share the folder, the children's environment and the crew."""

    def __init__(self, settings: Settings, signals: Signals, screen: Screen) -> None:
        self.settings = settings
        self.home = postgres.make_home(settings.home)
        self.signals = signals
        self.screen = screen
        self.crew = Crew(signals, screen)
        if settings.workers < 0:
            raise CannotStart(f"PATRON_WORKERS={settings.workers} is no number of processes; 0 means one per core.")
        self.servers = settings.workers or _cores()
        self.env: dict[str, str] = {}
        self.shop: dict[str, Any] | None = None
        self.database: postgres.Running | None = None

    def run(self, *, demo: bool) -> None:
        """Start, watch, stop. Returns after a stop signal."""
        self.screen.say(f"Data folder: {self.home}")
        folder.withdraw_demo(self.home)
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(listen(self.settings.host, self.settings.port, self.signals.pause))
            stack.callback(self._stop)
            try:
                base_url = self._prepare(listener, demo=demo)
                self._start_processes(listener)
                self._wait_until_ready(listener)
                if self.shop is not None:
                    folder.publish_demo(self.home, base_url, self.settings.domain, self.shop)
                self.screen.ready(base_url, self.home, self.shop)
                while True:
                    self.crew.look_after()
                    self.signals.pause(1)
            except Stop:
                self.screen.say("Stopping: requests under way are finished first (Ctrl-C again to hurry)")
                listener.close()  # no new connection waits for servers that will not come

    def _prepare(self, listener: socket.socket, *, demo: bool) -> str:
        """Key, database, schema, demo shop; gives the base URL."""
        host, port = self.settings.host, listener.getsockname()[1]
        base_url = self.settings.base_url.rstrip("/") or reachable_url(host, port)
        self.env = {
            "PYTHONUNBUFFERED": "1",  # log lines appear when they are written
            **os.environ,
            "PATRON_HOME": str(self.home),
            "PATRON_HOST": host,
            "PORT": str(port),
            "PATRON_BASE_URL": base_url,
            "PATRON_SECRET_KEY": self._key(),
            "PROMETHEUS_MULTIPROC_DIR": folder.fresh_metrics(self.home),
        }
        if self.settings.database_url:
            self.screen.say("Database: the PostgreSQL of DATABASE_URL")
            self.env["DATABASE_URL"] = self.settings.database_url
        else:
            self.screen.say("Starting the embedded PostgreSQL (set DATABASE_URL to use one of your own)")
            endings = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
            self.crew.add(Member("PostgreSQL", POSTGRES, self._start_postgres, endings, patience_seconds=30))
        self.screen.say("Bringing the database schema up to date")
        self._step("patron.migrations", "The database schema could not be brought up to date; the reason is above.")
        if demo:
            self.screen.say("Demo shop")
            self._step("patron.demo", "The demo shop could not be made; the reason is above.")
            self.shop = folder.read_shop(self.home)
        return base_url

    def _key(self) -> str:
        """The secret key's text, made at the first start; ValueError when it is none."""
        holds_data = (self.home / SHOP_FILE).exists() or self._has_cluster()
        key = self.settings.secret_key or folder.read_key(self.home, holds_data=holds_data)
        if key is None:
            key = folder.make_key(self.home)
            self.screen.say(
                f"Made a secret key in {self.home / folder.KEY_FILE} (mode 0600), as PATRON_SECRET_KEY is not set. "
                "Keep a copy: without it, what is stored encrypted cannot be read"
            )
        secrets.read_key(key, self.home / folder.KEY_FILE)
        return key

    def _has_cluster(self) -> bool:
        return not self.settings.database_url and postgres.has_data(self.home)

    def _start_postgres(self) -> "subprocess.Popen[str]":
        connections = str(max(100, self.servers * CONNECTIONS_PER_SERVER + 40))
        running = postgres.start(self.home, settings={"max_connections": connections}, say=self.screen.say)
        self.database, self.env["DATABASE_URL"] = running, running.url
        return running.process

    def _step(self, name: str, failure: str) -> None:
        """Run one of our modules to its end; it prints its own progress."""
        child = module(name, env=self.env)
        try:
            while child.poll() is None:
                self.signals.pause(1)
        except Stop:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            raise
        if child.returncode:
            raise CannotStart(failure)

    def _start_processes(self, listener: socket.socket) -> None:
        self.screen.say(f"Starting {self.servers} server process{'es' * (self.servers > 1)} and the background worker")
        listener.listen(2048)
        self.crew.add(Member("The background worker", WORKER, lambda: module("patron.worker", env=self.env)))
        for number in range(1, self.servers + 1):
            self.crew.add(Member(f"Server {number}", SERVERS, self._server(listener.fileno())))

    def _server(self, fd: int) -> "Callable[[], subprocess.Popen[Any]]":
        return lambda: module("patron.server", str(fd), env=self.env, fds=[fd])

    def _wait_until_ready(self, listener: socket.socket) -> None:
        end = time.monotonic() + READY_SECONDS_MAX
        while (answer := _readyz(listener)) != "":
            self.crew.look_after()
            if name := self.crew.hopeless():
                raise CannotStart(f"{name} ends each time right after its start; the reason is above.")
            if time.monotonic() > end:
                raise CannotStart(f"The server was not ready after {READY_SECONDS_MAX} seconds. /readyz says: {answer}")
            self.signals.pause(0.1)

    def _stop(self) -> None:
        self.signals.finish()
        folder.withdraw_demo(self.home)
        self.crew.stop()
        if self.database:
            self.database.stop()  # it has ended; what it needed outside the data folder goes too
        self.screen.say("Stopped")


def _readyz(listener: socket.socket) -> str:
    """Blank when the server says that it is ready, else what it says."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=10)  # noqa: S104
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        text = answer.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__} {error}"
    else:
        return "" if answer.status == 200 else f"{answer.status} {text}"
    finally:
        connection.close()


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
