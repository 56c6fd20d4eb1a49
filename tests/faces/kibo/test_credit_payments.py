"""Payments with credits: holds, captures, voids, refunds, and debits of a whole customer (our extension)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from credit_cards import (
    CONFLICT,
    INVALID,
    MISSING,
    PAYMENTS,
    adds_up,
    balance,
    credit_of,
    customers_balance,
    paid,
    parts,
    pay,
    settle,
    sums,
)
from patron.kernel.clock import clock as real_clock
from patron.kernel.db import Database
from patron.tenants import actions as tenants
from shops import CREDITS, Shop, fault
from stage import Clock
from statements import Counting, Watch


async def customer_with(shop: Shop, *amounts: float, **fields: Any) -> int:
    """A customer with credits `a`, `b`, …, of which the last expires first."""
    customer = await shop.account()
    for n, amount in enumerate(amounts):
        ends = (real_clock() + timedelta(days=900 - n)).isoformat()
        await credit_of(shop, amount, code="abcdef"[n], customerId=customer["id"], expirationDate=ends, **fields)
    return int(customer["id"])


async def test_what_expires_soonest_is_spent_first(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20, 30)

    first = await paid(shop, 25, customerId=customer, orderId="o-1", comments="Two hats")
    second = await paid(shop, 25.5, customerId=customer)

    assert parts(first) == {"c": 25}
    assert parts(second) == {"c": 5, "b": 20, "a": 0.5}
    assert (first["orderId"], first["comments"], first["customerId"], first["isHold"]) == (
        *("o-1", "Two hats", customer),
        False,
    )
    assert sums(first) == (0, 25, 0, 0)
    assert fault(await pay(shop, 9.51, customerId=customer)) == CONFLICT
    assert parts(await paid(shop, 9.5, customerId=customer)) == {"a": 9.5}
    assert await customers_balance(shop, customer) == []
    assert await adds_up(shop)


async def test_only_what_can_be_spent_counts(shop: Shop, clock: Clock) -> None:
    customer = await customer_with(shop, 10)
    later, soon = (clock() + timedelta(days=9)).isoformat(), (clock() + timedelta(days=1)).isoformat()
    await credit_of(shop, 10, code="later", customerId=customer, activationDate=later)
    await credit_of(shop, 10, code="ends", customerId=customer, expirationDate=soon)
    await credit_of(shop, 10, code="euro", customerId=customer, currencyCode="EUR")
    await credit_of(shop, 10, code="nobody's")
    clock.advance(days=2)

    assert fault(await pay(shop, 11, customerId=customer)) == CONFLICT
    assert parts(await paid(shop, 10, customerId=customer)) == {"a": 10}
    assert parts(await paid(shop, 9, customerId=customer, currencyCode="EUR")) == {"euro": 9}


async def test_a_hold_is_captured_in_parts_and_the_rest_let_go(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20)
    held = await paid(shop, 25, customerId=customer, isHold=True)
    assert (sums(held), parts(held)) == ((25, 0, 0, 0), {"b": 20, "a": 5})
    assert (await balance(shop, "a"), await balance(shop, "b")) == ((10, 5), (20, 0))

    first = (await settle(shop, held, "capture", {"amount": 12})).json()
    second = (await settle(shop, held, "capture", {"amount": 9.5})).json()
    voided = (await settle(shop, held, "void")).json()

    assert (sums(first), sums(second)) == ((13, 12, 0, 0), (3.5, 21.5, 0, 0))
    assert sums(voided) == (0, 21.5, 3.5, 0)
    assert [part["capturedAmount"] for part in voided["credits"]] == [20, 1.5]
    assert (await settle(shop, held, "void")).json() == voided
    assert fault(await settle(shop, held, "capture")) == CONFLICT
    assert (await balance(shop, "a"), await balance(shop, "b")) == ((8.5, 8.5), (0, 0))
    assert await adds_up(shop)


async def test_the_final_capture_lets_go_of_the_rest(shop: Shop) -> None:
    customer = await customer_with(shop, 10)
    held = await paid(shop, 8, customerId=customer, isHold=True)

    answer = await settle(shop, held, "capture", {"amount": 3, "isFinal": True})

    assert sums(answer.json()) == (0, 3, 5, 0)
    assert await balance(shop, "a") == (7, 7)


async def test_all_is_captured_and_refunded_when_no_amount_is_given(shop: Shop) -> None:
    customer = await customer_with(shop, 10)
    held = await paid(shop, 8, customerId=customer, isHold=True)

    assert sums((await settle(shop, held, "capture")).json()) == (0, 8, 0, 0)
    assert sums((await settle(shop, held, "refund")).json()) == (0, 8, 0, 8)
    assert await balance(shop, "a") == (10, 10)


async def test_never_more_is_captured_than_held_nor_refunded_than_captured(shop: Shop) -> None:
    customer = await customer_with(shop, 50)
    held = await paid(shop, 20, customerId=customer, isHold=True)

    assert fault(await settle(shop, held, "capture", {"amount": 20.01})) == CONFLICT
    assert fault(await settle(shop, held, "refund")) == CONFLICT
    await settle(shop, held, "capture", {"amount": 15})
    assert fault(await settle(shop, held, "refund", {"amount": 15.01})) == CONFLICT
    assert (await settle(shop, held, "refund", {"amount": 10})).status_code == 200
    refused = await settle(shop, held, "refund", {"amount": 5.01})
    assert fault(refused) == CONFLICT
    assert refused.json()["message"] == "5.00 USD of this payment can be refunded."
    assert await balance(shop, "a") == (45, 40)


async def test_refunds_go_back_to_the_credits_they_came_from_what_was_spent_last_first(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20, 30)
    payment = await paid(shop, 55, customerId=customer)

    refunded = (await settle(shop, payment, "refund", {"amount": 12})).json()

    assert {part["code"]: part["refundedAmount"] for part in refunded["credits"]} == {"c": 0, "b": 7, "a": 5}
    assert (await balance(shop, "a"), await balance(shop, "b"), await balance(shop, "c")) == ((10, 10), (7, 7), (0, 0))


async def test_a_refund_to_a_credit_that_has_expired_can_still_be_spent(shop: Shop, clock: Clock) -> None:
    customer = await customer_with(shop, 10)
    payment = await paid(shop, 10, customerId=customer)
    clock.advance(days=1_000)

    await settle(shop, payment, "refund", {"amount": 4})

    assert await balance(shop, "a") == (4, 4)
    clock.advance(days=29)
    await paid(shop, 1, customerId=customer)
    clock.advance(days=2)
    assert fault(await pay(shop, 1, customerId=customer)) == CONFLICT


async def test_a_hold_ends_by_itself_and_keeps_its_credit_alive_until_then(shop: Shop, clock: Clock) -> None:
    customer = await shop.account()
    ends = (clock() + timedelta(days=1)).isoformat()
    await credit_of(shop, 10, code="c", customerId=customer["id"], expirationDate=ends)
    held = await paid(shop, 8, customerId=customer["id"], isHold=True)
    assert held["expirationDate"] == (await shop.get(f"{PAYMENTS}/{held['id']}")).json()["expirationDate"]

    clock.advance(days=3)
    assert (await settle(shop, held, "capture", {"amount": 5})).status_code == 200
    clock.advance(days=5)
    assert fault(await settle(shop, held, "capture", {"amount": 1})) == CONFLICT
    assert (await settle(shop, held, "void")).status_code == 200


async def test_one_credit_can_be_named_by_its_code(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20)
    await credit_of(shop, 5, code="Loose")

    of_one = await paid(shop, 7, code="A", isHold=True)
    loose = await paid(shop, 5, code="loose")

    assert (parts(of_one), of_one["customerId"], of_one["code"]) == ({"a": 7}, customer, "a")
    assert (parts(loose), loose["customerId"]) == ({"Loose": 5}, None)
    assert fault(await pay(shop, 3.01, code="a")) == CONFLICT
    assert fault(await pay(shop, 1, code="none")) == MISSING
    assert fault(await pay(shop, 1, code="a", currencyCode="EUR")) == (*INVALID, "currencyCode")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("amount", 0, None),
        ("amount", -1, None),
        ("amount", None, None),
        ("amount", 0.001, None),
        ("amount", "ten", None),
        ("currencyCode", "Dollar", None),
        ("customerId", None, None),
        ("code", "a", "customerId"),
        ("orderId", "x" * 201, None),
        ("key", "x" * 201, None),
        ("comments", "4111111111111111", None),
        ("expirationDate", "2020-01-01", None),
        ("expirationDate", "2090-01-01", None),
        ("expirationDate", "later", None),
        ("isHold", "perhaps", None),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(shop: Shop, field: str, value: object, named: str | None) -> None:
    customer = await customer_with(shop, 10)
    body = {"customerId": customer, "amount": 5, "isHold": True, field: value}

    assert fault(await shop.post(PAYMENTS, body)) == (*INVALID, named or field)
    assert (await shop.get(PAYMENTS)).json()["totalCount"] == 0
    assert await balance(shop, "a") == (10, 10)


@pytest.mark.parametrize(
    ("what", "body"), [("capture", {"amount": 0}), ("refund", {"amount": -1}), ("capture", {"amount": 0.001})]
)
async def test_amounts_that_make_no_sense_are_refused_by_name(shop: Shop, what: str, body: dict[str, Any]) -> None:
    await credit_of(shop, 10, code="c")
    payment = await paid(shop, 5, code="c", isHold=True)

    assert fault(await settle(shop, payment, what, body)) == (*INVALID, "amount")
    assert fault(await settle(shop, payment, what, {"key": "x" * 201})) == (*INVALID, "key")


async def test_payments_and_customers_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop) -> None:
    await credit_of(other_shop, code="c")
    foreign = await paid(other_shop, 5, code="c", isHold=True)
    stranger = (await other_shop.account())["id"]

    for number in (foreign["id"], 999_999_999, "abc"):
        for what in ("capture", "void", "refund"):
            assert fault(await settle(shop, {"id": number}, what)) == MISSING
        assert fault(await shop.get(f"{PAYMENTS}/{number}")) == MISSING
    for account_id in (stranger, 999_999_999):
        assert fault(await pay(shop, 1, customerId=account_id)) == MISSING


async def test_a_debit_is_refunded_and_not_voided(shop: Shop) -> None:
    await credit_of(shop, 10, code="c")
    payment = await paid(shop, 5, code="c")

    assert fault(await settle(shop, payment, "void")) == CONFLICT
    assert fault(await settle(shop, payment, "capture")) == CONFLICT
    assert (await settle(shop, payment, "refund")).status_code == 200


async def test_a_key_names_one_payment_for_ever(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20)

    first = await paid(shop, 5, customerId=customer, key="order-7")
    await paid(shop, 5, customerId=customer)
    again = await paid(shop, 5, customerId=customer, key="order-7")

    assert again == first
    for other in ({"customerId": customer, "isHold": True}, {"code": "a"}):
        assert fault(await pay(shop, 5, key="order-7", **other)) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert await balance(shop, "b") == (10, 10)


async def test_captures_and_refunds_with_a_key_happen_once(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20)
    held = await paid(shop, 25, customerId=customer, isHold=True)

    for what, amount in (("capture", 22), ("refund", 21)):
        first = await settle(shop, held, what, {"amount": amount, "key": "parcel-1"})
        again = await settle(shop, held, what, {"amount": amount, "key": "parcel-1"})
        other = await settle(shop, held, what, {"amount": 1, "key": "parcel-1"})
        assert (again.status_code, again.json()) == (200, first.json())
        assert fault(other) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert sums((await shop.get(f"{PAYMENTS}/{held['id']}")).json()) == (3, 22, 0, 21)


async def test_a_repeated_call_gets_its_first_answer(shop: Shop) -> None:
    customer = await customer_with(shop, 30)

    def once(name: str) -> dict[str, Any]:
        return {"headers": {"Idempotency-Key": name}}

    body = {"customerId": customer, "amount": 10, "isHold": True}
    made = [await shop.post(PAYMENTS, body, **once("pay")) for _ in range(2)]
    path = f"{PAYMENTS}/{made[0].json()['id']}"
    captured = [await shop.post(f"{path}/capture", {"amount": 4}, **once("capture")) for _ in range(2)]
    refunded = [await shop.post(f"{path}/refund", {"amount": 1}, **once("refund")) for _ in range(2)]
    voided = [await shop.post(f"{path}/void", **once("void")) for _ in range(2)]

    for first, again in (made, captured, refunded, voided):
        assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert sums(voided[0].json()) == (0, 4, 6, 1)
    assert await balance(shop, "a") == (27, 27)


async def test_many_at_once_on_one_customer_never_spend_more_than_there_is(shop: Shop) -> None:
    customer = await customer_with(shop, 3, 4, 5)

    answers = await asyncio.gather(
        *(pay(shop, 1.5, customerId=customer, isHold=bool(n % 2)) for n in range(16)),
        *(pay(shop, 1, code="abc"[n % 3]) for n in range(9)),
    )

    assert {answer.status_code for answer in answers} == {201, 409}
    spent = sum(answer.json()["amount"] for answer in answers if answer.status_code == 201)
    left = [await balance(shop, code) for code in "abc"]
    held = sum(current - available for current, available in left)
    captured = sum(one.json()["capturedAmount"] for one in answers if one.status_code == 201)
    assert spent <= 12
    assert sum(current for current, _ in left) == 12 - captured
    assert spent == captured + held
    assert await adds_up(shop)


async def test_many_captures_and_voids_at_once_move_each_amount_once(shop: Shop) -> None:
    customer = await customer_with(shop, 10, 20)
    held = await paid(shop, 30, customerId=customer, isHold=True)

    calls = [settle(shop, held, "capture", {"amount": 7}) for _ in range(6)]
    answers = await asyncio.gather(*calls, *(settle(shop, held, "void") for _ in range(2)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    now = (await shop.get(f"{PAYMENTS}/{held['id']}")).json()
    assert (now["heldAmount"], now["capturedAmount"] + now["releasedAmount"]) == (0, 30)
    assert await adds_up(shop)


async def test_the_currency_is_that_of_the_site(shop: Shop, database: Database) -> None:
    site_id = await tenants.create_site(
        database.session(), shop.tenant_id, name="Paris", currency="EUR", now=real_clock()
    )
    shop.token = await shop.sign_in()
    customer = await customer_with(shop, 10)
    await credit_of(shop, 7, code="euro", customerId=customer, currencyCode="EUR")

    made = await shop.post(PAYMENTS, {"customerId": customer, "amount": 5}, headers={"x-vol-site": str(site_id)})

    assert (made.json()["currencyCode"], parts(made.json())) == ("EUR", {"euro": 5})


async def test_payments_are_found_and_a_list_costs_two_statements(shop: Shop, statements: Watch) -> None:
    customer = await customer_with(shop, 30, 20)
    made = [await paid(shop, n, customerId=customer, orderId=f"o-{n}", isHold=n > 2) for n in range(1, 5)]

    async def found(**params: object) -> list[int]:
        answer = await shop.get(PAYMENTS, params=params)
        return [one["id"] for one in answer.json()["items"]]

    ids = [one["id"] for one in made]
    assert await found() == ids[::-1]
    assert await found(filter=f"customerId eq {customer} and heldAmount gt 0") == ids[:1:-1]
    assert await found(filter="orderId eq o-2") == [ids[1]]
    assert await found(sortBy="amount asc", pageSize=2) == ids[:2]
    for size in (1, 20):
        with Counting(statements) as counted:
            await found(pageSize=size)
        assert len(counted.heard) == 2


async def test_a_debit_of_a_customer_is_a_handful_of_statements(shop: Shop, statements: Watch) -> None:
    few, many = await customer_with(shop, 30), None
    other = await shop.account()
    for _ in range(6):
        await credit_of(shop, 10, customerId=other["id"])
    many = other["id"]
    counts = []
    for customer, amount in ((few, 5), (many, 55)):
        with Counting(statements) as counted:
            await paid(shop, amount, customerId=customer)
        counts.append(len(counted.heard))

    assert counts == [8, 8], counted.heard


async def test_shoppers_make_no_payments(shop: Shop) -> None:
    ticket = await shop.shopper()
    await credit_of(shop, code="c", customerId=ticket["customerAccount"]["id"])
    token = ticket["accessToken"]

    for answer in (
        await shop.post(PAYMENTS, {"amount": 1, "code": "c"}, shopper=token),
        await shop.get(PAYMENTS, shopper=token),
        await shop.get(CREDITS, shopper=token),
        await shop.get(f"{CREDITS}/c", shopper=token),
    ):
        assert answer.status_code == 403
