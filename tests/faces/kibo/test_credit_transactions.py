"""Movements of a credit: debits, credits, and what its history tells (Kibo behaviour 11)."""

import asyncio
from datetime import timedelta

import pytest

from credit_cards import CONFLICT, INVALID, adds_up, balance, credit_of, move, paid, settle
from shops import CREDITS, Shop, fault
from stage import Clock
from statements import Counting, Watch


async def test_a_debit_lowers_and_a_credit_raises(shop: Shop) -> None:
    await credit_of(shop, 50, code="c")

    debit = await move(shop, "c", "debit", 19.99, orderId="o-1", comments="A hat", data={"lines": [1, 2.5, None]})
    credit = await move(shop, "c", "Credit", 100)

    assert (debit.status_code, credit.status_code) == (201, 201)
    shown = {name: debit.json()[name] for name in ("transactionType", "impactAmount", "orderId", "comments", "data")}
    assert shown == {
        "transactionType": "Debit",
        "impactAmount": 19.99,
        "orderId": "o-1",
        "comments": "A hat",
        "data": {"lines": [1, 2.5, None]},
    }
    assert (debit.json()["balance"], credit.json()["balance"]) == (30.01, 130.01)
    assert await balance(shop, "c") == (130.01, 130.01)
    listed = (await shop.get(f"{CREDITS}/c/transactions")).json()
    assert listed["items"] == [credit.json(), debit.json()]
    assert (await shop.get(f"{CREDITS}/c")).json()["initialBalance"] == 50


async def test_a_balance_is_spent_to_the_last_cent_and_never_beyond(shop: Shop) -> None:
    await credit_of(shop, 10, code="c")

    assert fault(await move(shop, "c", "Debit", 10.01)) == CONFLICT
    assert (await move(shop, "c", "Debit", 10)).status_code == 201
    refused = await move(shop, "c", "Debit", 0.01)
    assert fault(refused) == CONFLICT
    assert refused.json()["message"] == "This credit has 0.00 USD to spend, not 0.01 USD."
    assert await balance(shop, "c") == (0, 0)


async def test_what_is_on_hold_cannot_be_spent(shop: Shop) -> None:
    await credit_of(shop, 10, code="c")
    held = await paid(shop, 6, code="c", isHold=True)

    assert fault(await move(shop, "c", "Debit", 5)) == CONFLICT
    assert await balance(shop, "c") == (10, 4)
    await settle(shop, held, "void")
    assert (await move(shop, "c", "Debit", 5)).status_code == 201


async def test_only_an_active_credit_is_spent_and_only_one_that_has_not_expired_is_raised(
    shop: Shop, clock: Clock
) -> None:
    soon = (clock() + timedelta(days=1)).isoformat()
    await credit_of(shop, code="c", activationDate=soon)

    assert fault(await move(shop, "c", "Debit", 1)) == CONFLICT
    assert (await move(shop, "c", "Credit", 1)).status_code == 201
    clock.advance(days=2)
    assert (await move(shop, "c", "Debit", 1)).status_code == 201
    clock.advance(days=365)
    assert fault(await move(shop, "c", "Debit", 1)) == CONFLICT
    assert fault(await move(shop, "c", "Credit", 1)) == CONFLICT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("transactionType", None),
        ("transactionType", "Refund"),
        ("transactionType", 1),
        ("impactAmount", None),
        ("impactAmount", 0),
        ("impactAmount", -5),
        ("impactAmount", 1.001),
        ("impactAmount", "a lot"),
        ("impactAmount", 10**16),
        ("orderId", "x" * 201),
        ("key", "x" * 201),
        ("comments", "x" * 1_001),
        ("comments", "card 4111 1111 1111 1111"),
        ("data", {"note": "4111-1111-1111-1111"}),
        ("data", ["x" * 5_000]),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(shop: Shop, field: str, value: object) -> None:
    await credit_of(shop, code="c")
    body = {"transactionType": "Debit", "impactAmount": 5, field: value}

    assert fault(await shop.post(f"{CREDITS}/c/transactions", body)) == (*INVALID, field)
    assert (await shop.get(f"{CREDITS}/c/transactions")).json()["totalCount"] == 0


async def test_a_key_names_one_movement_for_ever(shop: Shop) -> None:
    await credit_of(shop, 50, code="c")
    await credit_of(shop, 50, code="d")

    first = await move(shop, "c", "Debit", 5, key="order-7")
    again = await move(shop, "c", "Debit", 5, key="order-7")
    other = await move(shop, "c", "Debit", 6, key="order-7")

    assert (again.status_code, again.json()) == (201, first.json())
    assert fault(other) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert (await move(shop, "d", "Debit", 6, key="order-7")).status_code == 201
    assert await balance(shop, "c") == (45, 45)


async def test_of_many_at_once_with_one_key_one_is_made(shop: Shop) -> None:
    await credit_of(shop, 50, code="c")

    answers = await asyncio.gather(*(move(shop, "c", "Debit", 5, key="k") for _ in range(8)))

    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert await balance(shop, "c") == (45, 45)


async def test_of_many_at_once_only_so_many_as_the_balance_covers(shop: Shop) -> None:
    await credit_of(shop, 10, code="c")

    answers = await asyncio.gather(*(move(shop, "c", "Debit", 1) for _ in range(60)))

    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 50
    assert await balance(shop, "c") == (0, 0)
    assert await adds_up(shop)


async def test_a_debit_is_two_statements_in_one_transaction(shop: Shop, statements: Watch) -> None:
    await credit_of(shop, code="c")

    with Counting(statements) as counted:
        await move(shop, "c", "Debit", 1)

    begin, look, post, commit = counted.heard
    assert (begin, commit) == ("begin", "commit")
    assert "for update" in look
    assert "insert into credit_entry" in post
    assert "insert into event" in post


async def test_movements_are_found_by_what_they_are(shop: Shop) -> None:
    await credit_of(shop, 50, code="c")
    for n in range(1, 6):
        await move(shop, "c", "Debit" if n % 2 else "Credit", n, orderId=f"o-{n}")

    async def found(**params: object) -> list[float]:
        page = (await shop.get(f"{CREDITS}/c/transactions", params=params)).json()
        return [one["impactAmount"] for one in page["items"]]

    assert await found() == [5, 4, 3, 2, 1]
    assert await found(filter="transactionType eq debit and impactAmount lt 4") == [3, 1]
    assert await found(filter="orderId eq o-4") == [4]
    assert await found(sortBy="impactAmount asc", pageSize=2, startIndex=1) == [2, 3]
    first = (await shop.get(f"{CREDITS}/c/transactions", params={"pageSize": 3})).json()
    assert await found(pageSize=3, cursor=first["nextCursor"]) == [2, 1]


async def test_initial_balance_and_transactions_make_up_the_current_balance(shop: Shop, clock: Clock) -> None:
    customer = await shop.account()
    await credit_of(shop, 50, code="c", customerId=customer["id"])
    await move(shop, "c", "Credit", 7)
    held = await paid(shop, 20, customerId=customer["id"], isHold=True)
    await settle(shop, held, "capture", {"amount": 15})
    await settle(shop, held, "refund", {"amount": 4})
    await move(shop, "c", "Debit", 3)

    rows = (await shop.get(f"{CREDITS}/c/transactions")).json()["items"]

    assert [row["entryType"] for row in rows] == ["debit", "refund", "capture", "credit"]
    signed = [row["impactAmount"] * (1 if row["transactionType"] == "Credit" else -1) for row in rows]
    assert await balance(shop, "c") == (50 + sum(signed), 38)
    assert rows[1]["paymentId"] == held["id"]
    assert await adds_up(shop)


async def test_the_history_tells_of_everything_newest_first(shop: Shop) -> None:
    customer = await shop.account()
    await credit_of(shop, 50, code="c")
    await shop.put(f"{CREDITS}/c", {"customerId": customer["id"], "expirationDate": "2090-01-01T00:00:00Z"})
    await move(shop, "c", "Debit", 8, orderId="o-1")

    page = (await shop.get(f"{CREDITS}/c/auditentries")).json()

    assert [one["activityType"] for one in page["items"]] == ["Transaction", "Updated", "Created"]
    assert [one["activityTypeId"] for one in page["items"]] == [6, 2, 1]
    debit, updated, created = (one["details"] for one in page["items"])
    assert debit == "debit 8.00 USD, balance 42.00 USD (order o-1)"
    assert f"account id: – → {customer['id']}" in updated
    assert "balance: – → 50.00" in created
    assert page["items"][0]["auditInfo"]["createBy"] == shop.client_id
    only = await shop.get(f"{CREDITS}/c/auditentries", params={"filter": "activityType eq created"})
    assert [one["activityType"] for one in only.json()["items"]] == ["Created"]
    cursor = (await shop.get(f"{CREDITS}/c/auditentries", params={"pageSize": 1})).json()["nextCursor"]
    second = (await shop.get(f"{CREDITS}/c/auditentries", params={"pageSize": 1, "cursor": cursor})).json()
    assert second["items"] == page["items"][1:2]


async def test_the_customers_audit_log_tells_of_credits_too(shop: Shop) -> None:
    customer = await shop.account()
    await credit_of(shop, 50, code="c", customerId=customer["id"])
    await move(shop, "c", "Debit", 8)

    log = (await shop.get(f"/api/commerce/customer/accounts/{customer['id']}/AuditLog/Entries")).json()

    newest = log["items"][0]
    assert newest["fieldPath"].startswith("/Customer/Credits/")
    assert newest["fieldPath"].endswith("/Balance")
    assert (newest["oldValue"], newest["newValue"], newest["description"]) == ("50.00", "42.00", "Credit debited")
    assert "c" not in {value for one in log["items"] for value in (one["oldValue"], one["newValue"])}
