"""A replaced visit: the account, its counts and its transactions go along; a removed account leaves no trace in it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from buyers import Buyer, buyer_of
from patron.kernel.clock import clock
from patron.kibo.wire import time
from shops import VISITS, Shop, fault, visit_of

ORDER = {"transactionType": "Order", "transactionId": "o-1", "amount": 59.97}
MONTH = timedelta(days=31)


def ago(span: timedelta) -> str:
    return str(time(clock() - span))


async def put(shop: Shop, made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await shop.put(f"{VISITS}/{made['id']}", {**made, **fields})
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await shop.get(f"{VISITS}/{made['id']}")).json()
    return dict(answer.json())


async def counted(buyer: Buyer) -> tuple[int, str | None]:
    row = await buyer.shop.database.session().row(
        "select visit_count, last_visit_at from account where tenant_id = $1 and id = $2",
        buyer.shop.tenant_id,
        buyer.id,
    )
    assert row is not None
    return row[0], time(row[1])


async def months_of(shop: Shop) -> dict[datetime, int]:
    """The counters, which must be what there is in each month."""
    db = shop.database.session()
    rows = await db.fetch(
        """
        select n.month_at, sum(n.visits)::bigint as visits from visit_count n where n.tenant_id = $1
        group by 1 having sum(n.visits) <> 0
        """,
        shop.tenant_id,
    )
    there = await db.fetch(
        "select date_trunc('month', v.at) as month_at, count(*) from visit v where v.tenant_id = $1 group by 1",
        shop.tenant_id,
    )
    assert sorted(map(tuple, rows)) == sorted(map(tuple, there))
    return {row["month_at"]: row["visits"] for row in rows}


async def test_put_replaces_what_is_said_and_keeps_id_date_and_site(shop: Shop) -> None:
    made = await visit_of(shop, type="Store", locationCode="till-1", webUserAgent="Mozilla/5.0 (iPad)", userId="u")

    answer = await shop.put(f"{VISITS}/{made['id']}", {"id": "other", "type": "Call"})

    assert answer.json() == {**made, "type": "Call", "locationCode": None, "webUserAgent": None, "userId": None,
                             "deviceClass": "unknown"}  # fmt: skip
    assert answer.headers["etag"] == '"2"'
    assert fault(await shop.get(f"{VISITS}/other"))[0] == 404


@pytest.mark.parametrize("own_id", [None, "my-id"])
async def test_a_visit_is_found_under_its_id_in_whatever_month_it_is_put(shop: Shop, own_id: str | None) -> None:
    made = await visit_of(shop, id=own_id)
    await visit_of(shop)

    for span in (2 * MONTH, 3 * MONTH, timedelta(minutes=5), 14 * MONTH):
        at = ago(span)
        assert (await put(shop, made, date=at))["date"] == at
        listed = (await shop.get(VISITS, params={"sortBy": "date asc"})).json()
        assert (listed["items"][0]["id"], listed["totalCount"]) == (made["id"], 2)
        assert sum((await months_of(shop)).values()) == 2


async def test_counts_follow_the_account(shop: Shop) -> None:
    first, second = await buyer_of(shop), await buyer_of(shop)
    early, late = ago(timedelta(days=9)), ago(timedelta(days=2))
    await visit_of(shop, accountId=first.id, date=early)
    made = await visit_of(shop, accountId=first.id, date=late)
    assert await counted(first) == (2, late)

    await put(shop, made, accountId=second.id)
    assert (await counted(first), await counted(second)) == ((1, early), (1, late))

    await put(shop, made, accountId=second.id, date=early)
    assert await counted(second) == (1, early)

    await put(shop, made, accountId=None)
    assert await counted(second) == (0, None)


async def test_transactions_go_along_with_the_account(shop: Shop) -> None:
    first, second = await buyer_of(shop), await buyer_of(shop)
    made = await visit_of(shop, accountId=first.id, transactions=[ORDER])

    moved = await put(shop, made, accountId=second.id, transactions=None)

    assert moved["transactions"] == made["transactions"]
    assert ((await first.summary())["orderCount"], (await second.summary())["orderCount"]) == (0, 1)
    assert (await second.summary())["totalOrderAmount"]["amount"] == 59.97
    assert (await shop.get(first.transactions)).json() == []


async def test_given_transactions_replace_those_that_were_there(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=7, transactionId="elsewhere")
    made = await visit_of(shop, accountId=buyer.id, transactions=[ORDER, {**ORDER, "transactionId": "o-2"}])

    left = await put(shop, made, transactions=[{**ORDER, "amount": 10}])

    assert [(one["transactionId"], one["amount"]) for one in left["transactions"]] == [("o-1", 10)]
    summary = await buyer.summary()
    assert (summary["orderCount"], summary["totalOrderAmount"]["amount"]) == (2, 17)

    await put(shop, made, transactions=[])
    assert (await buyer.summary())["totalOrderAmount"]["amount"] == 7


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"transactions": [{**ORDER, "transactionId": "elsewhere"}]}, (409, "ITEM_ALREADY_EXISTS", None)),
        ({"accountId": None, "transactions": None}, (400, "MISSING_OR_INVALID_PARAMETER", "accountId")),
        ({"accountId": 990_000_000_001}, (404, "ITEM_NOT_FOUND", None)),
        ({"date": "2001-01-01T00:00:00Z"}, (400, "MISSING_OR_INVALID_PARAMETER", "date")),
        ({"type": "Fax"}, (400, "MISSING_OR_INVALID_PARAMETER", "type")),
        ({"webSiteId": 990_000_000_001}, (400, "MISSING_OR_INVALID_PARAMETER", "webSiteId")),
    ],
)
async def test_a_refused_change_changes_nothing(shop: Shop, fields: dict[str, Any], told: Any) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=7, transactionId="elsewhere")
    made = await visit_of(shop, accountId=buyer.id, transactions=[ORDER])
    before = await counted(buyer), await buyer.summary()

    assert fault(await shop.put(f"{VISITS}/{made['id']}", {**made, **fields})) == told

    assert (await shop.get(f"{VISITS}/{made['id']}")).json() == made
    assert (await counted(buyer), await buyer.summary()) == before


async def test_a_stale_change_is_refused(shop: Shop) -> None:
    made = await visit_of(shop)
    await put(shop, made, type="Store")

    answer = await shop.put(f"{VISITS}/{made['id']}", {"type": "Call"}, headers={"If-Match": '"1"'})

    assert fault(answer) == (412, "PRECONDITION_FAILED", None)
    assert (await shop.get(f"{VISITS}/{made['id']}")).json()["type"] == "Store"
    assert (await shop.put(f"{VISITS}/{made['id']}", made, headers={"If-Match": '"2"'})).status_code == 200


async def test_changes_of_one_visit_at_the_same_moment_all_count_once(shop: Shop) -> None:
    buyers = [await buyer_of(shop) for _ in range(4)]
    made = await visit_of(shop, accountId=buyers[0].id)

    answers = await asyncio.gather(
        *(
            shop.put(f"{VISITS}/{made['id']}", {**made, "accountId": buyer.id, "date": ago(place * MONTH)})
            for place, buyer in enumerate(buyers * 2)
        )
    )

    assert {answer.status_code for answer in answers} <= {200, 503}
    assert [answer.status_code for answer in answers].count(200) >= 1
    counts = [await counted(buyer) for buyer in buyers]
    now = (await shop.get(f"{VISITS}/{made['id']}")).json()
    owner = next(place for place, buyer in enumerate(buyers) if buyer.id == now["accountId"])
    assert counts == [(1, now["date"]) if place == owner else (0, None) for place in range(4)]
    assert sum((await months_of(shop)).values()) == 1


async def test_a_removed_account_leaves_its_visits_without_a_name(shop: Shop) -> None:
    buyer, other = await buyer_of(shop), await buyer_of(shop)
    said = {"userId": "u-9", "webSessionId": "s-9", "webReferrer": "https://a.example", "webUserAgent": "iPhone"}
    made = [await visit_of(shop, accountId=buyer.id, **said), await visit_of(shop, accountId=buyer.id)]
    kept = await visit_of(shop, accountId=other.id, **said)

    assert (await shop.delete(buyer.path)).status_code == 204

    for one in made:
        now = (await shop.get(f"{VISITS}/{one['id']}")).json()
        assert now == {**one, "deviceClass": one["deviceClass"], **dict.fromkeys(("accountId", *said))}
    assert (await shop.get(f"{VISITS}/{kept['id']}")).json() == kept
    visitors = await shop.database.session().fetch(
        "select v.visitor, w.first_at from visit v join visitor w on w.tenant_id = $1 and w.id = v.visitor"
        " where v.tenant_id = $1",
        shop.tenant_id,
    )
    assert len(visitors) == 3
    assert len({row["visitor"] for row in visitors}) == 2
