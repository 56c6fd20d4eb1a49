"""Lists of visits: filter, order, pages, totals, and how little of the table a page reads."""

import json
from datetime import timedelta
from typing import Any

import pytest

from buyers import buyer_of
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kibo.wire import time
from patron.visits.ids import read_id
from shops import ACCOUNTS, VISITS, Shop, fault, visit_of
from statements import Counting, Watch


def ago(days: float) -> str:
    return str(time(clock() - timedelta(days=days)))


async def stocked(shop: Shop) -> list[dict[str, Any]]:
    """Visits of several months, the newest first."""
    buyer = await buyer_of(shop)
    said: list[dict[str, Any]] = [
        {"date": ago(0.5), "type": "Website", "webSessionId": "S-1", "userId": "U-1", "webUserAgent": "iPhone"},
        {"date": ago(40), "type": "Store", "locationCode": "Till_1", "accountId": buyer.id},
        {"date": ago(41), "type": "Store", "locationCode": "till-2", "accountId": buyer.id},
        {"date": ago(200), "type": "Call", "accountId": buyer.id, "transactions": [{"transactionType": "Order"}]},
        {"date": ago(700), "type": "Unknown"},
    ]
    made = [await visit_of(shop, **one) for one in said[::-1]]
    return made[::-1]


async def listed(shop: Shop, **params: Any) -> list[dict[str, Any]]:
    answer = await shop.get(VISITS, params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_newest_come_first_and_pages_join_without_a_gap(shop: Shop) -> None:
    made = await stocked(shop)
    assert await listed(shop) == made

    for params in ({}, {"sortBy": "date asc"}, {"sortBy": "type asc"}, {"filter": "date lt '2999-01-01'"}):
        whole = await listed(shop, **params)
        by_start = [one for start in range(5) for one in await listed(shop, **params, startIndex=start, pageSize=1)]
        walked, cursor = [], None
        while True:
            page = (await shop.get(VISITS, params={**params, "pageSize": 2, "cursor": cursor or ""})).json()
            assert page["totalCount"] == 5
            walked += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert walked == by_start == whole


@pytest.mark.parametrize(
    ("filter_", "places"),
    [
        ("type eq store", [1, 2]),
        ("type ne Store", [0, 3, 4]),
        ("date ge '{recent}'", [0, 1, 2]),
        ("webSessionId eq s-1", [0]),
        ("userId eq u-1", [0]),
        ("userId eq null", [1, 2, 3, 4]),
        ("locationCode sw 'till_'", [1]),
        ("deviceClass eq phone", [0]),
        ("accountId eq {account} and type eq Call", [3]),
        ("accountId eq null", [0, 4]),
        ("webSiteId eq {site}", [0, 1, 2, 3, 4]),
        ("webSiteId eq 1 or type in [Call,Unknown]", [3, 4]),
    ],
)
async def test_filters(shop: Shop, filter_: str, places: list[int]) -> None:
    made = await stocked(shop)
    asked = filter_.format(recent=ago(60), account=made[1]["accountId"], site=shop.site_id)

    assert await listed(shop, filter=asked) == [made[place] for place in places]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"filter": "id eq 1"}, "filter"),
        ({"filter": "accountId eq Kim"}, "filter"),
        ({"filter": "date gt soon"}, "filter"),
        ({"sortBy": "webReferrer"}, "sortBy"),
        ({"cursor": "x"}, "cursor"),
        ({"pageSize": -1}, "pageSize"),
    ],
)
async def test_what_cannot_be_asked_is_refused(shop: Shop, params: dict[str, Any], told: str) -> None:
    assert fault(await shop.get(VISITS, params=params)) == (400, "MISSING_OR_INVALID_PARAMETER", told)


async def test_a_page_is_one_statement_whatever_its_size(shop: Shop, statements: Watch) -> None:
    await stocked(shop)
    for params in ({"pageSize": 1}, {"pageSize": 200}, {"filter": "type eq Store"}, {"pageSize": 0}):
        with Counting(statements) as counting:
            await shop.get(VISITS, params=params)
        assert len(counting.heard) == 1, params


async def plan(database: Database, sql: str, *args: object) -> dict[str, int]:
    """How often a statement has read each partition of visits."""
    async with database.connection() as conn:  # beside our own sessions, which know no such statement
        found = await conn.fetchval(f"explain (analyze, format json, costs off, timing off) {sql}", *args)
    read: dict[str, int] = {}

    def walk(node: dict[str, Any]) -> None:
        name = node.get("Relation Name", "")
        if name.startswith("visit_2") and node["Actual Loops"]:
            read[name] = read.get(name, 0) + 1
        for inner in node.get("Plans", ()):
            walk(inner)

    walk(json.loads(found)[0]["Plan"])
    return read


async def ran(shop: Shop, statements: Watch, path: str, **params: Any) -> str:
    """The statement on visits that a request runs."""
    with Counting(statements) as counting:
        assert (await shop.get(path, params=params)).status_code == 200
    return next(sql for sql in reversed(counting.heard) if "from visit" in sql)


async def test_the_newest_page_reads_the_newest_months_only(shop: Shop, database: Database, statements: Watch) -> None:
    await stocked(shop)
    await visit_of(shop, date=ago(0))

    sql = await ran(shop, statements, VISITS, pageSize=1)
    read = await plan(database, sql, shop.tenant_id)

    # The two newest visits may lie in two months, and the month to come is looked into first.
    assert min(read) >= partition(ago(0.5))
    deep = await plan(database, sql.replace("limit 2", "limit 1000"), shop.tenant_id)
    assert min(deep) <= partition(ago(700))


async def test_reading_by_id_touches_one_month(shop: Shop, database: Database, statements: Watch) -> None:
    made = await stocked(shop)
    theirs = await visit_of(shop, id="mine", date=ago(300))
    place = read_id(made[3]["id"])
    assert place is not None

    by_ours = await ran(shop, statements, f"{VISITS}/{made[3]['id']}")
    by_theirs = await ran(shop, statements, f"{VISITS}/mine")

    assert [*await plan(database, by_ours, shop.tenant_id, *place)] == [partition(made[3]["date"])]
    assert [*await plan(database, by_theirs, shop.tenant_id, "mine")] == [partition(theirs["date"])]


def partition(date: str) -> str:
    return f"visit_{date[:4]}_{date[5:7]}"


async def test_accounts_can_be_found_by_their_visits(shop: Shop) -> None:
    made = await stocked(shop)
    visitor = made[1]["accountId"]
    await shop.account()

    for filter_, found in (
        ("commerceSummary.visitsCount eq 3", [visitor]),
        (f"lastVisitDate ge '{ago(41)}'", [visitor]),
        (f"lastVisitDate ge '{ago(30)}'", []),
        (f"visits.date ge '{ago(201)}' and visits.type eq call", [visitor]),
        ("visits.locationCode eq 'TILL-2'", [visitor]),
        ("visits.deviceClass eq phone", []),
    ):
        answer = await shop.get(ACCOUNTS, params={"filter": filter_})
        assert [one["id"] for one in answer.json()["items"]] == found, filter_
