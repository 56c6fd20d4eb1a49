"""How often an address may call: a window of a minute that slides, in each server process (behaviour 4.3).

The figures stand in headers of every answer. With several processes an address may reach the limit in one of them
earlier or later than the other; it is a brake for programs that run wild, no account of requests.
"""

import time
from collections.abc import Callable
from math import floor

import msgspec
from starlette.types import Scope

from patron.kernel.errors import TooMany

INTERVAL_SECONDS = 60
ADDRESSES_MAX = 50_000
ADDRESS_LENGTH_MAX = 60
UNLIMITED = 1_000_000_000  # what answers say where there is no limit


class Limit(msgspec.Struct, frozen=True):
    """Where an address stands."""

    limit: int
    remaining: int
    wait_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says of it."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-interval": str(INTERVAL_SECONDS),
            "x-ratelimit-remaining": str(max(0, self.remaining)),
        }

    def check(self) -> None:
        """Raise TooMany for a request too many."""
        if self.remaining < 0:
            raise TooMany("Too many requests from this address.", self.wait_seconds)


class Limits:
    """Counts requests by address: those of this minute, and of the last one as far as it reaches into the window."""

    def __init__(self, limit: int, header: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """`limit` of 0 is none. `header` is where a proxy says who asked; else it is who is connected."""
        self._limit = limit
        self._header = header.lower().encode("latin-1")
        self._clock = clock
        self._minute = 0
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def count(self, scope: Scope) -> Limit:
        """Count a request."""
        if not self._limit:
            return Limit(UNLIMITED, UNLIMITED, 1)
        address, at = self._address(scope), self._clock()
        minute, within = int(at // INTERVAL_SECONDS), at % INTERVAL_SECONDS
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else {}
            self._now, self._minute = {}, minute
        if address in self._now or len(self._now) < ADDRESSES_MAX:
            self._now[address] = self._now.get(address, 0) + 1
        earlier = self._before.get(address, 0) * (1 - within / INTERVAL_SECONDS)
        remaining = floor(self._limit - self._now.get(address, 0) - earlier)
        return Limit(self._limit, remaining, max(1, int(INTERVAL_SECONDS - within)))

    def _address(self, scope: Scope) -> str:
        """Who asks. The last entry of the header is the one that our own proxy wrote; others may be made up."""
        if self._header:
            told = [value for name, value in scope["headers"] if name == self._header]
            if told:
                last: str = told[-1].decode("latin-1").rpartition(",")[2].strip()
                return last[:ADDRESS_LENGTH_MAX]
        return str(scope["client"][0]) if scope.get("client") else ""
