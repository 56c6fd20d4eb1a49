"""Whole installations to break: `patron serve` with its processes, and PostgreSQL clusters of a test's own."""

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from patron import postgres
from patron.processes import working_in
from served import Served
from shops import Shop


@dataclass
class Cluster:
    """A migrated PostgreSQL of the test's own, on the same address whenever it runs."""

    home: Path
    running: postgres.Running
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return self.running.url

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.running.folder / "data"

    def processes(self) -> list[int]:
        """The server and its sessions."""
        return working_in(self.data)

    def stop(self) -> None:
        """Shut down as an operator does, or leave it down."""
        self.running.stop()

    def start(self) -> None:
        """Come back."""
        self.running = postgres.start(self.home, settings=self.settings)


@dataclass
class Site:
    """A running installation: its processes, its address, and a shop in it."""

    served: Served
    base_url: str
    database_url: str
    shop: Shop


Serve = Callable[..., Awaitable[Site]]


def through(http: httpx.AsyncClient, shop: Shop) -> Shop:
    """The same shop, spoken to through another client."""
    other = copy.copy(shop)
    other.http = http
    return other
