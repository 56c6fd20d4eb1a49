"""How often an address may call: the window slides, and who asks is told by the connection or by one's own proxy."""

from typing import Any

import pytest

from patron.jsonapi.limits import UNLIMITED, Limits
from patron.kernel.errors import TooMany


class Minutes:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def scope(address: str = "10.0.0.1", **headers: str) -> dict[str, Any]:
    """A request as the server tells of it."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (address, 1), "headers": named}


def test_a_window_slides_over_the_minute() -> None:
    clock = Minutes()
    limits = Limits(10, clock=clock)
    for left in range(9, -1, -1):
        limit = limits.count(scope())
        limit.check()
        assert limit.headers["x-ratelimit-remaining"] == str(left)
    with pytest.raises(TooMany):
        limits.count(scope()).check()
    limits.count(scope("10.0.0.2")).check()  # another address

    clock.now += 60  # all eleven count still, less with each second
    with pytest.raises(TooMany):
        limits.count(scope()).check()
    clock.now += 45
    limits.count(scope()).check()
    clock.now += 120
    assert limits.count(scope()).remaining == 9


def test_the_last_entry_of_the_proxys_header_counts() -> None:
    limits = Limits(1, "X-Forwarded-For", Minutes())
    limits.count(scope(x_forwarded_for="1.1.1.1, 2.2.2.2")).check()
    limits.count(scope(x_forwarded_for="1.1.1.1, 3.3.3.3")).check()
    with pytest.raises(TooMany):
        limits.count(scope(x_forwarded_for="9.9.9.9, 2.2.2.2")).check()


def test_without_a_limit_nothing_is_counted() -> None:
    limits = Limits(0)
    for _ in range(3):
        assert limits.count(scope()).remaining == UNLIMITED
