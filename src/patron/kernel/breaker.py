"""Circuit breakers: who does not answer is left alone for a while, so that nobody waits for what will not come.

After several failures in a row a breaker opens for a pause; then one call is let through to see, and it closes with
the first success. Each process has its own.
"""

from datetime import datetime, timedelta

FAILURES_MAX = 5
PAUSE = timedelta(seconds=30)
BREAKERS_MAX = 1_000


class Breaker:
    """The state of one outside service."""

    def __init__(self) -> None:
        self._failures = 0
        self._opens_at: datetime | None = None

    def admits(self, now: datetime) -> bool:
        """Whether to call. After the pause one may; should that call come to nothing, another after another pause."""
        if self._opens_at is None:
            return True
        if now < self._opens_at:
            return False
        self._opens_at = now + PAUSE
        return True

    def succeeded(self) -> None:
        """There was an answer."""
        self._failures = 0
        self._opens_at = None

    def failed(self, now: datetime) -> None:
        """There was none."""
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self._opens_at = now + PAUSE


class Breakers:
    """The breakers of this process, by what they stand for; the oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._known: dict[str, Breaker] = {}

    def of(self, name: str) -> Breaker:
        """The breaker for a service, closed at first."""
        if name not in self._known:
            if len(self._known) >= BREAKERS_MAX:
                del self._known[next(iter(self._known))]
            self._known[name] = Breaker()
        return self._known[name]
