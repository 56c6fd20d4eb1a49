"""Draws the visits of made-up customers: some led to their orders, others to nothing. From dice of their own, so that
who the customers are does not depend on them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from patron.demo.dice import Dice
from patron.demo.people import Coming, Deed

MONTHS_BACK = 20  # within what every tenant keeps unless it says otherwise
_SPAN = timedelta(days=MONTHS_BACK * 30)
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
)
_REFERRERS = ("https://search.example/", "https://news.example/", "https://social.example/", None, None)
_TILLS = ("till-1", "till-2", "till-3")


def comings(dice: Dice, created: datetime, deeds: Sequence[Deed], now: datetime) -> list[Coming]:
    """The visits of a customer, each with the place of the order that it led to, if it did."""
    start = max(created, now - _SPAN)
    found = [
        _coming(dice, deed.interaction, deed.at, place)
        for place, deed in enumerate(deeds)
        if deed.kind == "Order" and deed.at >= start and dice.chance(0.25)
    ]
    for _ in range(dice.few(5) if dice.chance(0.35) else 0):
        way = "Website" if dice.chance(0.85) else dice.pick(("Store", "Call"))
        at = now - timedelta(seconds=int((now - start).total_seconds() * dice.throw() ** 2))
        found.append(_coming(dice, way, at, None))
    return found


def _coming(dice: Dice, way: str, at: datetime, deed: int | None) -> Coming:
    is_online = way == "Website"
    agent, referrer = dice.pick(_AGENTS), dice.pick(_REFERRERS)
    return Coming(at, way, agent if is_online else None, referrer if is_online else None,
                  dice.pick(_TILLS) if way == "Store" else None, deed)  # fmt: skip
