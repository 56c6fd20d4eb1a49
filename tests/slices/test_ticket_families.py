"""Refresh tokens against a model: whatever is tried in whatever order, and however much time passes.

The rules (Kibo behaviour 8.1, 8.3): the newest refresh token of a family gives the next pair; the one before it gives
that same pair again for 30 seconds after its use; any later or older use ends the family; nothing outlives its expiry
or 30 days from the first ticket.
"""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shoppers import CURRENT, anonymous, at, refresh, set_policy
from shops import Shop

GRACE = timedelta(seconds=30)
LIFE = timedelta(days=12)
FAMILY_LIFE = timedelta(days=30)
STEPS = [
    timedelta(seconds=1), timedelta(seconds=29), GRACE, GRACE + timedelta(milliseconds=1), timedelta(hours=3),
    timedelta(days=5), LIFE - timedelta(milliseconds=1), LIFE,
]  # fmt: skip


class Family:
    """What we expect of one sign-in: all the pairs that it gave, and whether it was ended."""

    def __init__(self, ticket: dict[str, Any], now: datetime) -> None:
        self.pairs = [ticket]
        self.ends_at = now + FAMILY_LIFE
        self.used_at = now
        self.is_ended = False

    @property
    def newest(self) -> int:
        return len(self.pairs) - 1

    def use(self, place: int, now: datetime) -> str:
        """What the refresh token at `place` gives: the next pair, the newest pair once more, or nothing."""
        in_grace = place == self.newest - 1 and now <= self.used_at + GRACE
        if self.is_ended or not (place == self.newest or in_grace):
            self.is_ended = True
            return "nothing"
        if now >= at(self.pairs[self.newest]["refreshTokenExpiration"]):
            return "nothing"
        return "same" if in_grace else "next"


class Machine(RuleBasedStateMachine):
    """Anonymous sign-ins (they cost no hash and rotate like all others), refreshes with any token, and time."""

    loop: asyncio.AbstractEventLoop
    shop: Shop
    clock: Any

    def __init__(self) -> None:
        super().__init__()
        self.clock.offset = timedelta(0)
        self.families: list[Family] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Have the app's loop do something; this machine runs in a thread of its own."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    @initialize()
    def begin(self) -> None:
        self.shop.token = self.run(self.shop.sign_in())
        self.sign_in()

    @precondition(lambda self: len(self.families) < 3)
    @rule()
    def sign_in(self) -> None:
        family = Family(self.run(anonymous(self.shop)), self.clock())
        assert at(family.pairs[0]["refreshTokenExpiration"]) == self.clock() + LIFE
        self.families.append(family)

    @rule(step=st.sampled_from(STEPS))
    def wait(self, step: timedelta) -> None:
        self.clock.offset += step
        if step > timedelta(minutes=1):
            self.shop.token = self.run(self.shop.sign_in())

    @rule(number=st.integers(0, 2), step=st.sampled_from(STEPS))
    def repeat(self, number: int, step: timedelta) -> None:
        """A refresh, and the same one again after some time."""
        self.use(number, 0)
        self.wait(step)
        self.use(number, 1)

    @rule(number=st.integers(0, 2))
    def keep(self, number: int) -> None:
        """A shopper who comes back after ten days."""
        self.wait(timedelta(days=10))
        self.use(number, 0)

    @rule(number=st.integers(0, 2), back=st.sampled_from([0, 0, 0, 1, 2, 3]))
    def use(self, number: int, back: int) -> None:
        family = self.families[number % len(self.families)]
        place = max(0, family.newest - back)
        expected = family.use(place, self.clock())

        answer = self.run(refresh(self.shop, family.pairs[place]))

        assert (answer.status_code == 200) == (expected != "nothing"), (expected, answer.text)
        if expected == "same":
            assert answer.json() == family.pairs[family.newest]
        elif expected == "next":
            self.take(family, answer.json())

    def take(self, family: Family, pair: dict[str, Any]) -> None:
        """A new pair: unlike all others, of the same shopper, and no longer alive than it may be."""
        given = [one for other in self.families for one in other.pairs]
        assert pair["refreshToken"] not in {one["refreshToken"] for one in given}
        assert pair["accessToken"] not in {one["accessToken"] for one in given}
        assert pair["userId"] == family.pairs[0]["userId"]
        assert at(pair["refreshTokenExpiration"]) == min(self.clock() + LIFE, family.ends_at)
        family.pairs.append(pair)
        family.used_at = self.clock()

    @rule(number=st.integers(0, 2))
    def forge(self, number: int) -> None:
        """A token that we never gave harms nobody."""
        token = self.families[number % len(self.families)].pairs[-1]["refreshToken"]
        forged = {"refreshToken": token[:40] + token[40:][::-1] + "0"}

        assert self.run(refresh(self.shop, forged)).status_code == 401

    def teardown(self) -> None:
        """Of an ended family no access token is good either."""
        for family in self.families:
            if family.is_ended:
                for pair in family.pairs:
                    answer = self.run(self.shop.get(CURRENT, shopper=pair["accessToken"]))
                    assert answer.status_code == 401


async def test_a_family_has_one_live_chain_whatever_is_tried(
    shop: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = clock()
    monkeypatch.setitem(type(clock).__call__.__globals__, "real_clock", lambda: frozen)  # type: ignore[attr-defined]
    await set_policy(shop, anonymous_refresh_minutes=LIFE // timedelta(minutes=1))
    Machine.loop, Machine.shop, Machine.clock = asyncio.get_running_loop(), shop, clock

    await asyncio.to_thread(
        run_state_machine_as_test,
        Machine,
        settings=hypothesis_settings(
            max_examples=50, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
