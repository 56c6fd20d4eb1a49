"""Transactions of an account: recorded, listed, taken back."""

import re
from datetime import UTC, datetime

import httpx
import pytest

from buyers import ORDER, Buyer, buyer_of
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.tenants import actions as tenants
from shops import ACCOUNTS, Shop, fault, open_shop

INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


async def test_a_transaction_is_kept_as_it_was_given(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    given = {
        "transactionId": "order 7/8",
        "visitId": "v-1",
        "transactionType": "Order",
        "interactionType": "Store",
        "amount": 12.5,
        "currencyCode": "USD",
        "date": "2026-10-01T10:00:00.250Z",
    }

    created = await shop.post(buyer.transactions, given)

    assert created.status_code == 201
    assert created.json() == given
    assert (await shop.get(buyer.transactions)).json() == [given]


async def test_what_is_left_out_is_filled_in(shop: Shop) -> None:
    buyer = await buyer_of(shop)

    made = (await buyer.did("wishlist")).json()

    assert re.fullmatch("[0-9a-f]{32}", made["transactionId"])
    assert abs(datetime.fromisoformat(made["date"]) - datetime.now(UTC)).total_seconds() < 60
    assert (made["amount"], made["currencyCode"], made["visitId"]) == (0, "USD", None)
    assert (made["transactionType"], made["interactionType"]) == ("Wishlist", "Unknown")
    assert (await shop.get(buyer.transactions)).json() == [made]


async def test_the_currency_is_that_of_the_site(shop: Shop, database: Database) -> None:
    site_id = await tenants.create_site(database.session(), shop.tenant_id, name="Paris", currency="EUR", now=clock())
    shop.token = await shop.sign_in()
    buyer = await buyer_of(shop)

    made = await shop.post(buyer.transactions, ORDER, headers={"x-vol-site": str(site_id)})

    assert made.json()["currencyCode"] == "EUR"


async def test_names_come_in_any_case_and_go_out_in_one(shop: Shop) -> None:
    made = (await (await buyer_of(shop)).did("ORDERPICKUP", interactionType="website")).json()

    assert (made["transactionType"], made["interactionType"]) == ("OrderPickup", "Website")


async def test_the_list_is_an_array_newest_first(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    assert (await shop.get(buyer.transactions)).json() == []

    for day in (2, 3, 1):
        await buyer.did("Order", transactionId=f"o-{day}", date=f"2026-10-0{day}T10:00:00+02:00")

    chosen = await shop.get(buyer.transactions, params={"responseFields": "transactionId,date"})
    assert chosen.json() == [
        {"transactionId": f"o-{day}", "date": f"2026-10-0{day}T08:00:00.000Z"} for day in (3, 2, 1)
    ]


async def test_an_id_is_taken_once_an_account(shop: Shop) -> None:
    buyer, other = await buyer_of(shop), await buyer_of(shop)
    await shop.post(buyer.transactions, ORDER)

    twice = await shop.post(buyer.transactions, ORDER | {"amount": 1})

    assert fault(twice) == (409, "ITEM_ALREADY_EXISTS", None)
    assert (await buyer.summary())["orderCount"] == 1
    assert (await buyer.summary())["totalOrderAmount"]["amount"] == 59.97
    assert (await shop.post(other.transactions, ORDER)).status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("transactionType", None),
        ("transactionType", ""),
        ("transactionType", "Gift"),
        ("transactionType", 1),
        ("interactionType", "Fax"),
        ("amount", -0.01),
        ("amount", 1.001),
        ("amount", 10**16),
        ("amount", "a lot"),
        ("amount", "sNaN"),
        ("amount", True),
        ("currencyCode", "Dollar"),
        ("currencyCode", "U$D"),
        ("date", "yesterday"),
        ("date", "0001-01-01T00:00:00+14:00"),
        ("transactionId", "x" * 201),
        ("transactionId", 7),
        ("visitId", "x" * 201),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(shop: Shop, field: str, value: object) -> None:
    buyer = await buyer_of(shop)

    assert fault(await shop.post(buyer.transactions, ORDER | {field: value})) == (*INVALID, field)
    assert (await shop.get(buyer.transactions)).json() == []
    assert (await buyer.summary())["orderCount"] == 0


async def test_every_fault_is_told(shop: Shop) -> None:
    body = {"transactionType": "Gift", "interactionType": "Fax", "amount": -1}

    answer = await shop.post((await buyer_of(shop)).transactions, body)

    named = [data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]]
    assert fault(answer) == (*INVALID, "transactionType")
    assert named == ["transactionType", "interactionType", "amount"]


async def test_accounts_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign = await buyer_of(other_shop)
    await other_shop.post(foreign.transactions, ORDER)

    for path in (foreign.path, f"{ACCOUNTS}/999999999", f"{ACCOUNTS}/abc"):
        for answer in (
            await shop.get(f"{path}/transactions"),
            await shop.post(f"{path}/transactions", ORDER | {"transactionId": "o-2"}),
            await shop.delete(f"{path}/transactions/o-1"),
            await shop.post(f"{path}/recomputelifetimevalue"),
        ):
            assert fault(answer) == (404, "ITEM_NOT_FOUND", None), path
    assert (await foreign.summary())["orderCount"] == 1


async def test_an_unknown_account_is_told_before_a_faulty_transaction(shop: Shop) -> None:
    assert fault(await shop.post(f"{ACCOUNTS}/999999999/transactions", {"amount": -1}))[0] == 404


@pytest.mark.parametrize("path", ["o-2", "%00", "o-1%00", "x" * 5_000])
async def test_unknown_ids_are_not_found(shop: Shop, path: str) -> None:
    buyer = await buyer_of(shop)
    await shop.post(buyer.transactions, ORDER)

    answer = await shop.delete(f"{buyer.transactions}/{path}")

    assert fault(answer) == (404, "ITEM_NOT_FOUND", None)
    assert len(answer.text) < 1_000


async def test_a_shopper_reads_the_own_and_writes_none(shop: Shop) -> None:
    ticket = await shop.shopper()
    token, own = ticket["accessToken"], Buyer(shop, ticket["customerAccount"]["id"])
    await shop.post(own.transactions, ORDER)
    other = await buyer_of(shop)

    listed = await shop.get(own.transactions, shopper=token)

    assert [one["transactionId"] for one in listed.json()] == ["o-1"]
    for answer in (
        await shop.get(other.transactions, shopper=token),
        await shop.post(own.transactions, ORDER | {"transactionId": "o-2"}, shopper=token),
        await shop.delete(f"{own.transactions}/o-1", shopper=token),
        await shop.post(f"{own.path}/recomputelifetimevalue", shopper=token),
    ):
        assert fault(answer) == (403, "FORBIDDEN", None)
    assert (await own.summary())["orderCount"] == 1


async def test_the_application_needs_the_behaviors(http: httpx.AsyncClient, database: Database) -> None:
    reader = await open_shop(http, database, ("customer:read",))
    path = f"{ACCOUNTS}/1"

    for answer in (
        await reader.post(f"{path}/transactions", ORDER),
        await reader.delete(f"{path}/transactions/o-1"),
        await reader.post(f"{path}/recomputelifetimevalue"),
    ):
        assert fault(answer) == (403, "FORBIDDEN", None)
    writer = await open_shop(http, database, ("customer:update",))
    assert fault(await writer.get(f"{path}/transactions")) == (403, "FORBIDDEN", None)


async def test_a_repeated_post_records_once(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    key = {"Idempotency-Key": "order-1"}
    body = {"transactionType": "Order", "amount": 5}

    first = await shop.post(buyer.transactions, body, headers=key)
    again = await shop.post(buyer.transactions, body, headers=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert fault(await shop.post(buyer.transactions, ORDER, headers=key)) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert (await buyer.summary())["orderCount"] == 1
