"""What visits add up to: held against a count in plain Python, and the question's parameters (docs/visits.md)."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buyers import buyer_of
from patron.customers import visit_figures
from patron.kernel.clock import clock
from patron.visits.model import CHANNELS
from shops import VISITS, Shop, fault, visit_of
from statements import Counting, Watch

ANALYTICS = f"{VISITS}/analytics"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")
AGENTS = {
    "phone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148",
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
    "bot": "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "unknown": None,
}
SEGMENTS = "/api/commerce/customer/segments"


async def asked(shop: Shop, **params: Any) -> dict[str, Any]:
    answer = await shop.get(ANALYTICS, params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counts(one: dict[str, Any]) -> tuple[int, ...]:
    names = ("visits", "visitors", "newVisitors", "returningVisitors", "conversions")
    return tuple(one[name] for name in names)


async def crowd(shop: Shop, segments: dict[str, list[int]], accounts: list[int], seed: int) -> list[dict[str, Any]]:
    """Many visits of few visitors over 40 days, in one batch; with what is to be known of each."""
    dice = random.Random(seed)
    now = clock()
    rows = []
    for _ in range(300):
        who = dice.choice([*accounts, "u1", "u2", "s1", None])
        at = (now - timedelta(days=40 * dice.random())).replace(microsecond=0)
        device = dice.choice([*AGENTS])
        row: dict[str, Any] = {"type": dice.choice([*CHANNELS]), "date": at.isoformat(), "webUserAgent": AGENTS[device]}
        if isinstance(who, int):
            row["accountId"] = who
            if dice.random() < 0.3:
                kind = dice.choice(["Order", "Order", "Wishlist"])
                row["transactions"] = [{"transactionType": kind, "amount": 1}] * dice.randint(1, 2)
        elif who:
            row["userId" if who[0] == "u" else "webSessionId"] = who
        if dice.random() < 0.3:
            row["id"] = f"own-{len(rows)}"
        rows.append(row)
    answer = await shop.post(f"{VISITS}/batch", rows)
    assert answer.status_code == 201, answer.text
    return [
        {
            "at": datetime.fromisoformat(row["date"]),
            "who": str(row.get("accountId") or row.get("userId") or row.get("webSessionId") or name),
            "channel": CHANNELS[row["type"]],
            "deviceClass": next(d for d, agent in AGENTS.items() if agent == row["webUserAgent"]),
            "sold": any(one["transactionType"] == "Order" for one in row.get("transactions", ())),
            "segments": [code for code, members in segments.items() if row.get("accountId") in members],
        }
        for row, name in zip(rows, answer.json()["ids"], strict=True)
    ]


def expected(
    visits: list[dict[str, Any]], first: date, last: date, *, per: str, zone: str, by: list[str]
) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The same figures, counted the simple way."""
    since: dict[str, datetime] = {}
    for one in visits:
        since[one["who"]] = min(one["at"], since.get(one["who"], one["at"]))
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in visits:
        day = one["at"].astimezone(ZoneInfo(zone)).date()
        if first <= day <= last:
            start = day - timedelta(days=day.weekday()) if per == "week" else day
            for segment in one["segments"] if "segment" in by else [None]:
                groups[start, *(segment if name == "segment" else one[name] for name in by)].append(one)
    found = {}
    for group, some in groups.items():
        begin = datetime.combine(group[0], datetime.min.time(), ZoneInfo(zone))
        visitors = {one["who"] for one in some}
        new = sum(since[who] >= begin for who in visitors)
        found[group] = (len(some), len(visitors), new, len(visitors) - new, sum(one["sold"] for one in some))
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_figures_are_those_of_a_plain_count(shop: Shop, seed: int) -> None:
    accounts = [(await buyer_of(shop)).id for _ in range(6)]
    segments = {"tea": accounts[:3], "toast": accounts[2:4]}
    for code, members in segments.items():
        made = (await shop.post(SEGMENTS, {"code": code, "name": code})).json()
        assert (await shop.post(f"{SEGMENTS}/{made['id']}/accounts", members)).status_code < 300
    visits = await crowd(shop, segments, accounts, seed)
    last = clock().astimezone(UTC).date()

    for per, zone, by, days in (
        ("day", "UTC", [], 50),
        ("day", "Asia/Tokyo", ["channel"], 20),
        ("week", "America/Los_Angeles", ["deviceClass", "channel"], 50),
        ("week", "UTC", ["segment"], 31),
        ("day", "Europe/Berlin", ["segment", "deviceClass"], 50),
    ):
        first = last - timedelta(days=days)
        named = ",".join("device" if name == "deviceClass" else name for name in by)
        found = await asked(shop, **{"from": first, "to": last, "per": per, "timeZone": zone, "by": named})
        rows = {(date.fromisoformat(one["date"]), *(one[name] for name in by)): counts(one) for one in found["items"]}
        assert rows == expected(visits, first, last, per=per, zone=zone, by=by), (per, zone, by)
        assert [one["date"] for one in found["items"]] == sorted(one["date"] for one in found["items"])
        if "segment" in by:
            assert found["total"] is None
        else:
            assert found["total"]["visits"] == sum(row[0] for row in rows.values())
    whole = (await asked(shop, **{"from": last - timedelta(days=60)}))["total"]
    everybody = {one["who"] for one in visits}
    sold = sum(one["sold"] for one in visits)
    assert counts(whole) == (300, len(everybody), len(everybody), 0, sold)
    assert whole["conversionRate"] == round(sold / 300, 6)


async def test_one_segment_and_a_filter_narrow_the_figures(shop: Shop) -> None:
    buyer, other = await buyer_of(shop), await buyer_of(shop)
    made = (await shop.post(SEGMENTS, {"code": "Tea", "name": "Tea"})).json()
    await shop.post(f"{SEGMENTS}/{made['id']}/accounts", [buyer.id])
    await visit_of(shop, accountId=buyer.id, type="Store", transactions=[{"transactionType": "Order"}])
    await visit_of(shop, accountId=buyer.id, type="Website")
    await visit_of(shop, accountId=other.id, type="Store")

    assert counts((await asked(shop))["total"]) == (3, 2, 2, 0, 1)
    assert counts((await asked(shop, segment="tea"))["total"]) == (2, 1, 1, 0, 1)
    assert counts((await asked(shop, filter="type eq Store"))["total"]) == (2, 2, 2, 0, 1)
    assert counts((await asked(shop, segment="TEA", filter="type eq Website"))["total"]) == (1, 1, 1, 0, 0)
    assert counts((await asked(shop, segment="nobody"))["total"]) == (0, 0, 0, 0, 0)
    (site,) = (await asked(shop, by="site"))["items"]
    assert (site["webSiteId"], site["visits"], site["channel"]) == (shop.site_id, 3, None)


async def test_nothing_is_shown_of_another_shop(shop: Shop, other_shop: Shop) -> None:
    await visit_of(other_shop)

    assert (await asked(shop, by="site,channel"))["items"] == []
    assert counts((await asked(shop))["total"]) == (0, 0, 0, 0, 0)


async def test_the_answer_says_what_was_asked(shop: Shop) -> None:
    today = clock().astimezone(UTC).date()

    plain = await asked(shop)

    assert plain == {
        "from": str(today - timedelta(days=29)), "to": str(today), "per": "day", "timeZone": "UTC", "items": [],
        "total": plain["total"],
    }  # fmt: skip
    thin = await asked(shop, responseFields="total(visits)")
    assert thin == {"total": {"visits": 0}}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"from": "soon"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "0001-01-01"}, "to"),
        ({"from": "9999-12-31"}, "from"),
        ({"from": "2026-02-02", "to": "2026-02-01"}, "to"),
        ({"from": "2024-01-01", "to": "2026-02-01"}, "to"),
        ({"per": "hour"}, "per"),
        ({"by": "browser"}, "by"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"timeZone": "x" * 10_000}, "timeZone"),
        ({"filter": "shoeSize eq 3"}, "filter"),
    ],
)
async def test_what_cannot_be_asked_is_refused(shop: Shop, params: dict[str, Any], told: str) -> None:
    assert fault(await shop.get(ANALYTICS, params=params)) == (*INVALID, told)


async def test_a_question_about_too_many_visits_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.post(f"{VISITS}/batch", [{}, {}, {"date": (clock() - timedelta(days=100)).isoformat()}])
    monkeypatch.setattr(visit_figures, "VISITS_MAX", 2)

    assert (await asked(shop))["total"]["visits"] == 2
    day = (clock() - timedelta(days=101)).date()
    assert fault(await shop.get(ANALYTICS, params={"from": day})) == (*INVALID, "from")


async def test_shoppers_learn_nothing(shop: Shop) -> None:
    token = (await shop.shopper())["accessToken"]

    assert fault(await shop.get(ANALYTICS, shopper=token)) == (403, "FORBIDDEN", None)


async def test_figures_cost_two_statements_whatever_is_told_apart(shop: Shop, statements: Watch) -> None:
    await visit_of(shop)
    for by in ("", "site,channel,device", "segment"):
        with Counting(statements) as counting:
            await asked(shop, by=by)
        assert len(counting.heard) == 2, by
