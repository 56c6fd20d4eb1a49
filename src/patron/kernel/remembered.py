"""What a process remembers of the database, as long as it hears of what is revoked (kernel/revocation.py).

Verified tokens and tenants' settings: asked for by every request and seldom changed. A look-up costs a statement or
more, remembering 0.2 µs.
"""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from patron.kernel.revocation import TRUSTED_SECONDS

RECHECK_SECONDS = 60.0

T = TypeVar("T")


class _Entry(msgspec.Struct, Generic[T]):
    value: T
    good_until: float
    checked_at: float
    subjects: tuple[str, ...]


class Remembered(Generic[T]):
    """Values by text keys. Bounded.

    A value is trusted while it, or everything that was revoked, is known as of the last `TRUSTED_SECONDS`; it is
    looked up again every `RECHECK_SECONDS` all the same, for what was changed by hand. Nothing is remembered while
    this process does not hear of revocations.
    """

    def __init__(self, size: int = 20_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._entries: dict[str, _Entry[T]] = {}
        self._generation = 0
        self._hears = False
        self._proved_at = float("-inf")

    def get(self, key: str) -> T | None:
        """The value, if it can be trusted still."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self._clock()
        if now >= entry.good_until:
            del self._entries[key]
            return None
        if now - max(entry.checked_at, self._proved_at) > TRUSTED_SECONDS:
            return None
        return entry.value

    def check(self) -> "Check":
        """Call this before a value is looked up in the database, and give the result to `put`."""
        return Check(self._clock(), self._generation)

    def put(
        self, key: str, value: T, check: "Check", *, subjects: tuple[str, ...], seconds: float = RECHECK_SECONDS
    ) -> None:
        """Remember a value that is good for `seconds`, unless something was revoked since its check began."""
        if check.generation != self._generation or not self._hears:
            return
        if len(self._entries) >= self._size:
            for old in list(self._entries)[: self._size // 10]:
                del self._entries[old]
        good_until = check.began_at + min(seconds, RECHECK_SECONDS)
        self._entries[key] = _Entry(value, good_until, check.began_at, subjects)

    def drop(self, subject: str) -> None:
        """Forget every value that hangs on `subject`; what is being looked up will not be remembered."""
        self._generation += 1
        self._entries = {k: e for k, e in self._entries.items() if subject not in e.subjects}

    def proved(self, at: float) -> None:
        """Every revocation before this moment was heard of."""
        self._proved_at = max(self._proved_at, at)

    def hears(self, is_so: bool) -> None:
        """From now on revocations are heard of, or not any more; what was missed in between is unknown."""
        self._hears = is_so
        self._generation += 1
        self._proved_at = float("-inf")
        self._entries = {}


class Check(msgspec.Struct, frozen=True):
    """When a look at the database began, and after how many revocations."""

    began_at: float
    generation: int
