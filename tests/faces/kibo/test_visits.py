"""Visits through the face: recorded, read, listed, replaced, and counted on their account (Kibo behaviour 12)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from buyers import Buyer, buyer_of
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kibo.wire import time
from shops import ACCOUNTS, VISITS, Shop, fault, open_shop, visit_of
from statements import Counting, Watch

INVALID = (400, "MISSING_OR_INVALID_PARAMETER")
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Safari/604.1"
ORDER = {"transactionType": "Order", "transactionId": "o-1", "amount": 59.97}


def ago(**span: float) -> str:
    return str(time(clock() - timedelta(**span)))


async def visits_of(buyer: Buyer) -> tuple[int, Any]:
    """How many visits the account counts, and the last of them as the list can be asked for it."""
    row = await buyer.shop.database.session().row(
        "select visit_count, last_visit_at from account where tenant_id = $1 and id = $2",
        buyer.shop.tenant_id,
        buyer.id,
    )
    assert row is not None
    assert row[0] == (await buyer.summary())["visitsCount"]
    return row[0], time(row[1])


async def test_a_visit_is_recorded_with_all_that_was_said(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    said = {
        "accountId": buyer.id,
        "userId": "u-1",
        "type": "store",
        "date": ago(days=3),
        "webSessionId": "s-1",
        "webReferrer": "https://search.example/?q=shoes",
        "webUserAgent": IPHONE,
        "browserLocationCode": "DE-BE",
        "locationCode": "berlin-1",
    }

    made = await shop.post(VISITS, said)

    assert made.status_code == 201, made.text
    made_here = {"id": made.json()["id"], "webSiteId": shop.site_id, "deviceClass": "phone", "transactions": []}
    assert made.json() == {**said, "type": "Store", **made_here}
    read = await shop.get(f"{VISITS}/{made.json()['id']}")
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"] == '"1"'
    listed = (await shop.get(VISITS)).json()
    assert (listed["items"], listed["totalCount"]) == ([made.json()], 1)
    assert await visits_of(buyer) == (1, said["date"])


async def test_what_is_left_out_is_made_here(shop: Shop) -> None:
    before = clock() - timedelta(milliseconds=1)

    made = await visit_of(shop)

    assert str(time(before)) <= made["date"] <= str(time(clock()))
    assert len(made["id"]) == 32
    assert (made["type"], made["webSiteId"], made["deviceClass"]) == ("Unknown", shop.site_id, "unknown")
    assert made["accountId"] is None


async def test_a_callers_own_id_leads_to_the_visit_and_is_taken_once(shop: Shop, other_shop: Shop) -> None:
    made = await visit_of(shop, id="till 7/2026 ä", date=ago(days=400))

    assert made["id"] == "till 7/2026 ä"
    assert (await shop.get(f"{VISITS}/till%207%2F2026%20%C3%A4")).json() == made
    assert fault(await shop.post(VISITS, {"id": "till 7/2026 ä"})) == (409, "ITEM_ALREADY_EXISTS", None)
    assert (await shop.get(VISITS)).json()["totalCount"] == 1
    assert (await other_shop.post(VISITS, {"id": "till 7/2026 ä"})).status_code == 201


async def test_an_id_that_we_gave_is_taken_too(shop: Shop) -> None:
    made = await visit_of(shop)

    assert fault(await shop.post(VISITS, {"id": made["id"]})) == (409, "ITEM_ALREADY_EXISTS", None)
    assert (await visit_of(shop, id=made["id"].upper()))["id"] == made["id"].upper()


async def test_a_visit_brings_its_transactions(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    at = ago(hours=5)

    made = await visit_of(shop, accountId=buyer.id, date=at, transactions=[ORDER, {"transactionType": "Wishlist"}])

    first, second = sorted(made["transactions"], key=lambda one: str(one["transactionType"]))
    assert first == {
        **ORDER, "visitId": made["id"], "date": at, "interactionType": "Unknown", "currencyCode": "USD"
    }  # fmt: skip
    assert second["transactionType"] == "Wishlist"
    summary = await buyer.summary()
    assert (summary["orderCount"], summary["wishlistCount"], summary["lastOrderDate"]) == (1, 1, at)
    assert summary["totalOrderAmount"]["amount"] == 59.97
    assert len((await shop.get(buyer.transactions)).json()) == 2
    assert (await shop.get(f"{VISITS}/{made['id']}")).json() == made
    assert (await shop.get(VISITS)).json()["items"] == [made]


async def test_a_transaction_that_names_a_visit_of_its_account_is_shown_there(shop: Shop) -> None:
    buyer, other = await buyer_of(shop), await buyer_of(shop)
    made = await visit_of(shop, accountId=buyer.id)
    await buyer.did("Order", amount=3, transactionId="o-7", visitId=made["id"])
    await other.did("Order", amount=3, transactionId="o-8", visitId=made["id"])

    shown = (await shop.get(f"{VISITS}/{made['id']}")).json()

    assert [one["transactionId"] for one in shown["transactions"]] == ["o-7"]


async def test_a_refused_transaction_leaves_nothing_of_the_visit(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", transactionId="o-1", amount=1)

    answer = await shop.post(VISITS, {"accountId": buyer.id, "transactions": [ORDER]})

    assert fault(answer) == (409, "ITEM_ALREADY_EXISTS", None)
    assert await visits_of(buyer) == (0, None)
    assert (await shop.get(VISITS)).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "Fax"),
        ("type", 1),
        ("date", "yesterday"),
        ("date", "0001-01-01T00:00:00+14:00"),
        ("date", "1969-12-31T23:59:59Z"),
        ("date", "2999-01-01T00:00:00Z"),
        ("date", 7),
        ("accountId", "one"),
        ("accountId", 2**63),
        ("webSiteId", 990_000_000_001),
        ("webSiteId", "main"),
        ("id", "x" * 201),
        ("id", "Batch"),
        ("id", "a\0b"),
        ("userId", "x" * 201),
        ("webSessionId", "x" * 201),
        ("webReferrer", "x" * 2_001),
        ("webUserAgent", "x" * 2_001),
        ("browserLocationCode", "x" * 201),
        ("locationCode", "x" * 201),
        ("transactions", {}),
        ("transactions", [{"transactionType": "Order"}] * 51),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(shop: Shop, field: str, value: object) -> None:
    account_id = (await shop.account())["id"]

    answer = await shop.post(VISITS, {"accountId": account_id, field: value})

    assert fault(answer)[:2] == INVALID
    assert str(fault(answer)[2]).startswith(field)
    assert (await shop.get(VISITS)).json()["totalCount"] == 0


async def test_every_fault_is_told(shop: Shop) -> None:
    body = {"type": "Fax", "locationCode": "x" * 201, "transactions": [{"transactionType": "Gift", "date": "soon"}]}

    dates = await shop.post(VISITS, body)
    body["transactions"][0].pop("date")  # type: ignore[attr-defined]
    answer = await shop.post(VISITS, body)

    assert fault(dates) == (*INVALID, "transactions[0].date")
    named = [data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]]
    assert named == ["locationCode", "type", "transactions[0].transactionType"]


async def test_transactions_need_an_account(shop: Shop) -> None:
    answer = await shop.post(VISITS, {"transactions": [ORDER]})

    assert fault(answer) == (*INVALID, "accountId")


async def test_unknown_and_foreign_accounts_are_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign = await buyer_of(other_shop)

    for account_id in (foreign.id, 990_000_000_001, 0, -1):
        answer = await shop.post(VISITS, {"accountId": account_id})
        assert fault(answer) == (404, "ITEM_NOT_FOUND", None)
    assert await visits_of(foreign) == (0, None)


@pytest.mark.parametrize("path", ["nobody", "0" * 32, "01" * 16, "f" * 12 + "7fff" + "8" + "f" * 15, "x" * 5_000])
async def test_unknown_ids_are_not_found(shop: Shop, path: str) -> None:
    for answer in (await shop.get(f"{VISITS}/{path}"), await shop.put(f"{VISITS}/{path}", {"type": "Call"})):
        assert fault(answer) == (404, "ITEM_NOT_FOUND", None)
        assert len(answer.text) < 1_000


async def test_visits_of_another_shop_are_not_there(shop: Shop, other_shop: Shop) -> None:
    made = await visit_of(other_shop)
    own_id = await visit_of(other_shop, id="its-own")

    for one in (made, own_id):
        assert fault(await shop.get(f"{VISITS}/{one['id']}"))[0] == 404
        assert fault(await shop.put(f"{VISITS}/{one['id']}", {"type": "Call"}))[0] == 404
    assert (await shop.get(VISITS)).json()["items"] == []


async def test_shoppers_and_applications_without_the_behavior_are_refused(
    shop: Shop, http: httpx.AsyncClient, database: Database
) -> None:
    token = (await shop.shopper())["accessToken"]
    made = await visit_of(shop)
    reader = await open_shop(http, database, ("customer:read",))

    for answer in (
        await shop.get(VISITS, shopper=token),
        await shop.get(f"{VISITS}/{made['id']}", shopper=token),
        await shop.post(VISITS, {}, shopper=token),
        await shop.post(f"{VISITS}/batch", [{}], shopper=token),
        await reader.post(VISITS, {}),
        await reader.post(f"{VISITS}/batch", [{}]),
    ):
        assert fault(answer) == (403, "FORBIDDEN", None)


async def test_a_repeated_post_records_once(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    key, body = {"Idempotency-Key": "visit-1"}, {"accountId": buyer.id, "transactions": [ORDER]}

    first = await shop.post(VISITS, body, headers=key)
    again = await shop.post(VISITS, body, headers=key)

    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert fault(await shop.post(VISITS, {}, headers=key)) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert (await visits_of(buyer))[0] == 1


async def test_the_audit_log_tells_of_the_visit_but_of_no_trace_on_the_web(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    made = await visit_of(shop, accountId=buyer.id, type="Store", locationCode="till-1", webUserAgent=IPHONE)

    log = (await shop.get(f"{ACCOUNTS}/{buyer.id}/AuditLog/Entries")).json()["items"]

    told = {entry["fieldPath"]: entry["newValue"] for entry in log if entry["description"] == "Visit recorded"}
    one = f"/Customer/Visits/{made['id']}"
    assert told[f"{one}/Type"] == "Store"
    assert told[f"{one}/LocationCode"] == "till-1"
    assert IPHONE not in str(told)


async def test_recording_costs_the_same_statements_whatever_a_visit_brings(shop: Shop, statements: Watch) -> None:
    buyer = await buyer_of(shop)
    bodies: list[dict[str, Any]] = [{"accountId": buyer.id}] + [
        {"accountId": buyer.id, "transactions": [{"transactionType": "Order", "amount": 1}] * count}
        for count in (1, 20)
    ]
    await shop.post(VISITS, bodies[0])
    costs = []
    for body in bodies:
        with Counting(statements) as counting:
            assert (await shop.post(VISITS, body)).status_code == 201
        costs.append(len(counting.heard))

    assert costs == [4, 6, 6]  # begin, account, visit with event, commit; transactions and sums
