"""Credits: made, read, found, changed, removed (Kibo behaviour 11)."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from credit_cards import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
    MISSING,
    adds_up,
    balance,
    credit_of,
    customers_balance,
    move,
)
from patron.kernel.db import Database
from shops import ACCOUNTS, CREDITS, Shop, fault, open_shop
from stage import Clock
from statements import Counting, Watch

TAKEN = (409, "ITEM_ALREADY_EXISTS", None)


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_credit_is_kept_as_it_was_given(shop: Shop) -> None:
    customer = await shop.account()
    given = {
        "code": "Spring-7",
        "creditType": "GiftCard",
        "customCreditType": "Spring",
        "currencyCode": "USD",
        "initialBalance": 50.25,
        "customerId": customer["id"],
        "activationDate": "2026-01-01T00:00:00.000Z",
        "expirationDate": "2090-01-01T00:00:00.000Z",
    }

    created = await shop.post(CREDITS, given)

    assert created.status_code == 201, created.text
    assert given.items() <= created.json().items()
    assert (created.json()["currentBalance"], created.json()["creditTypeId"]) == (50.25, 1)
    assert (await shop.get(f"{CREDITS}/SPRING-7")).json() == created.json()


async def test_what_is_left_out_is_filled_in(shop: Shop) -> None:
    made = await credit_of(shop, 10)

    assert re.fullmatch("([2-9A-HJKMNP-Z]{4}-){3}[2-9A-HJKMNP-Z]{4}", made["code"])
    assert (made["creditType"], made["creditTypeId"], made["customCreditType"]) == ("StoreCredit", 0, None)
    assert (made["currencyCode"], made["customerId"]) == ("USD", None)
    begins, ends = read(made["activationDate"]), read(made["expirationDate"])
    assert abs(begins - datetime.now(UTC)) < timedelta(minutes=1)
    assert ends - begins == timedelta(days=365)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"creditType": "giftcard"}, ("GiftCard", 1, None)),
        ({"creditTypeId": 1}, ("GiftCard", 1, None)),
        ({"creditType": "StoreCredit", "creditTypeId": 1}, ("StoreCredit", 0, None)),
        ({"customCreditType": "Goodwill"}, ("Custom", 2, "Goodwill")),
        ({"creditType": "custom", "customCreditType": " Goodwill "}, ("Custom", 2, "Goodwill")),
        ({"creditType": "GiftCard", "customCreditType": "Spring"}, ("GiftCard", 1, "Spring")),
    ],
)
async def test_types_go_by_name_or_number(shop: Shop, given: dict[str, object], shown: tuple[object, ...]) -> None:
    made = await credit_of(shop, **given)

    assert (made["creditType"], made["creditTypeId"], made["customCreditType"]) == shown


@pytest.mark.parametrize(
    ("currency", "amount", "right"),
    [("JPY", 500, True), ("JPY", 500.5, False), ("KWD", 1.255, True), ("USD", 1.255, False), ("eur", 1.25, True)],
)
async def test_amounts_are_as_fine_as_their_currency(shop: Shop, currency: str, amount: float, right: bool) -> None:
    answer = await shop.post(CREDITS, {"initialBalance": amount, "currencyCode": currency})

    if right:
        assert (answer.json()["currentBalance"], answer.json()["currencyCode"]) == (amount, currency.upper())
    else:
        assert fault(answer) == (*INVALID, "initialBalance")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("initialBalance", 0, None),
        ("initialBalance", -1, None),
        ("initialBalance", None, None),
        ("initialBalance", "ten", None),
        ("initialBalance", 10**16, None),
        ("creditType", "Voucher", None),
        ("creditType", "Custom", "customCreditType"),
        ("creditTypeId", 7, None),
        ("customCreditType", "x" * 101, None),
        ("customCreditType", "4111 1111 1111 1111", None),
        ("currencyCode", "Dollar", None),
        ("code", "x" * 101, None),
        ("code", "Payments", None),
        ("activationDate", "9999-12-31T00:00:00Z", None),
        ("activationDate", "soon", None),
        ("expirationDate", "2000-01-01T00:00:00Z", None),
        ("expirationDate", "never", None),
        ("customerId", "x", None),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(shop: Shop, field: str, value: object, named: str | None) -> None:
    answer = await shop.post(CREDITS, {"initialBalance": 10, field: value})

    assert fault(answer) == (*INVALID, named or field)
    assert (await shop.get(CREDITS)).json()["totalCount"] == 0


async def test_every_fault_is_told(shop: Shop) -> None:
    answer = await shop.post(CREDITS, {"initialBalance": 0, "creditType": "None", "code": "x" * 200})

    named = [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]
    assert sorted(named) == ["code", "creditType", "initialBalance"]


async def test_a_code_is_unique_in_its_tenant_in_any_case(shop: Shop, other_shop: Shop) -> None:
    await credit_of(shop, code="One")

    assert fault(await shop.post(CREDITS, {"initialBalance": 5, "code": " ONE "})) == TAKEN
    assert (await credit_of(other_shop, code="One"))["code"] == "One"


async def test_customers_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign = await other_shop.account()

    for account_id in (foreign["id"], 999_999_999):
        assert fault(await shop.post(CREDITS, {"initialBalance": 5, "customerId": account_id})) == MISSING
    assert (await shop.get(CREDITS)).json()["totalCount"] == 0


async def test_credits_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign = await credit_of(other_shop, code="theirs")

    for code in ("theirs", "none", "%00", "x" * 3_000, "%20"):
        for answer in (
            await shop.get(f"{CREDITS}/{code}"),
            await shop.put(f"{CREDITS}/{code}", {"expirationDate": "2090-01-01T00:00:00Z"}),
            await shop.delete(f"{CREDITS}/{code}"),
            await shop.get(f"{CREDITS}/{code}/transactions"),
            await shop.get(f"{CREDITS}/{code}/auditentries"),
            await move(shop, code, "Debit", 1),
            await shop.put(f"{CREDITS}/{code}/Resend-Email"),
        ):
            assert fault(answer) == MISSING, (code, answer.request.url)
    assert (await other_shop.get(f"{CREDITS}/theirs")).json() == foreign


async def test_codes_with_odd_signs_are_found(shop: Shop) -> None:
    for code, path in (("a/b", "a%2Fb"), ("10 % off", "10%20%25%20off"), ("Größe", "gr%C3%B6sse"), ("?#", "%3F%23")):
        await credit_of(shop, code=code)
        assert (await shop.get(f"{CREDITS}/{path}")).json()["code"] == code


async def test_credits_are_found_by_what_they_are(shop: Shop) -> None:
    customer = await shop.account()
    for n in range(5):
        kind = "GiftCard" if n % 2 else "StoreCredit"
        fields = {"customerId": customer["id"]} if n < 2 else {}
        await credit_of(shop, 10 * (n + 1), code=f"c-{n}", creditType=kind, **fields)

    async def found(filter_: str, **more: object) -> list[str]:
        page = await shop.get(CREDITS, params={"filter": filter_, **more})
        assert page.status_code == 200, page.text
        return [one["code"] for one in page.json()["items"]]

    assert await found(f"customerId eq {customer['id']}") == ["c-0", "c-1"]
    assert await found("customerId eq null and creditType eq giftcard") == ["c-3"]
    assert await found("currentBalance ge 40", sortBy="currentBalance desc") == ["c-4", "c-3"]
    assert await found("code sw C- and expirationDate gt 2026-01-01", pageSize=2) == ["c-0", "c-1"]
    first = (await shop.get(CREDITS, params={"pageSize": 3})).json()
    second = (await shop.get(CREDITS, params={"pageSize": 3, "cursor": first["nextCursor"]})).json()
    assert [one["code"] for one in first["items"] + second["items"]] == [f"c-{n}" for n in range(5)]
    assert (first["totalCount"], first["pageCount"]) == (5, 2)


async def test_a_list_costs_one_statement(shop: Shop, statements: Watch) -> None:
    for _ in range(3):
        await credit_of(shop)
    for size in (1, 20):
        with Counting(statements) as counted:
            await shop.get(CREDITS, params={"pageSize": size})
        assert len(counted.heard) == 1


async def test_dates_type_and_customer_can_be_changed_and_the_rest_stays(shop: Shop) -> None:
    first, second = await shop.account(), await shop.account()
    made = await credit_of(shop, 20, code="c", customCreditType="Old")
    await move(shop, "c", "Debit", 5)

    given = await shop.put(f"{CREDITS}/c", {"customerId": first["id"]})
    assert (given.json()["customerId"], given.json()["customCreditType"]) == (first["id"], "Old")
    assert await customers_balance(shop, first["id"]) == [first["id"]]
    changed = await shop.put(
        f"{CREDITS}/c",
        {**given.json(), "customerId": second["id"], "customCreditType": "New", "expirationDate": "2091-01-01"},
    )

    assert changed.status_code == 200, changed.text
    assert changed.json()["customCreditType"] == "New"
    assert changed.json()["expirationDate"] == "2091-01-01T00:00:00.000Z"
    assert (changed.json()["initialBalance"], changed.json()["currentBalance"]) == (20, 15)
    assert changed.json()["activationDate"] == made["activationDate"]
    assert await customers_balance(shop, first["id"]) == []
    assert await customers_balance(shop, second["id"]) == [second["id"]]
    assert await adds_up(shop)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "other"),
        ("creditType", "GiftCard"),
        ("currencyCode", "EUR"),
        ("initialBalance", 99),
        ("activationDate", "2026-01-01T00:00:00Z"),
    ],
)
async def test_what_never_changes_is_refused(shop: Shop, field: str, value: object) -> None:
    made = await credit_of(shop, code="c")

    assert fault(await shop.put(f"{CREDITS}/c", {field: value})) == CONFLICT
    assert (await shop.get(f"{CREDITS}/c")).json() == made


async def test_a_balance_that_a_caller_sends_back_moves_nothing(shop: Shop) -> None:
    made = await credit_of(shop, 30, code="c")

    answer = await shop.put(f"{CREDITS}/c", {**made, "currentBalance": 1_000_000})

    assert (answer.status_code, answer.json()["currentBalance"]) == (200, 30)


async def test_a_credit_that_is_not_active_yet_can_get_another_start(shop: Shop) -> None:
    await credit_of(shop, code="c", activationDate="2090-01-01T00:00:00Z")

    answer = await shop.put(f"{CREDITS}/c", {"activationDate": "2089-01-01T00:00:00Z"})
    wrong = await shop.put(f"{CREDITS}/c", {"expirationDate": "2088-01-01T00:00:00Z"})

    assert answer.json()["activationDate"] == "2089-01-01T00:00:00.000Z"
    assert fault(wrong) == (*INVALID, "expirationDate")


async def test_changes_of_an_older_version_are_refused(shop: Shop) -> None:
    created = await shop.post(CREDITS, {"initialBalance": 10, "code": "c"})
    tag = created.headers["etag"]
    assert (await shop.get(f"{CREDITS}/c", headers={"If-None-Match": tag})).status_code == 304
    await move(shop, "c", "Debit", 1)

    stale = {"headers": {"If-Match": tag}}
    for answer in (
        await shop.put(f"{CREDITS}/c", {"expirationDate": "2090-01-01"}, **stale),
        await shop.delete(f"{CREDITS}/c", **stale),
    ):
        assert fault(answer) == (412, "PRECONDITION_FAILED", None)
    assert await balance(shop, "c") == (9, 9)


async def test_a_credit_that_was_never_used_can_be_removed_and_its_code_is_free(shop: Shop) -> None:
    customer = await shop.account()
    for code in ("a", "b"):
        await credit_of(shop, 10, code=code, customerId=customer["id"])
    await move(shop, "a", "Credit", 5)

    assert (await shop.delete(f"{CREDITS}/a")).status_code == 204

    assert fault(await shop.get(f"{CREDITS}/a")) == MISSING
    assert fault(await shop.delete(f"{CREDITS}/a")) == MISSING
    assert (await shop.get(CREDITS)).json()["totalCount"] == 1
    assert await adds_up(shop)
    await credit_of(shop, 7, code="a")
    await move(shop, "b", "Debit", 1)
    assert fault(await shop.delete(f"{CREDITS}/b")) == CONFLICT


async def test_a_customer_with_credits_cannot_be_removed(shop: Shop) -> None:
    customer = await shop.account()
    await credit_of(shop, code="c", customerId=customer["id"])
    path = f"{ACCOUNTS}/{customer['id']}"

    assert fault(await shop.delete(path)) == CONFLICT
    await shop.delete(f"{CREDITS}/c")
    assert (await shop.delete(path)).status_code == 204


async def test_what_has_expired_cannot_be_spent_at_once_and_comes_back_when_it_is_prolonged(
    shop: Shop, clock: Clock
) -> None:
    await credit_of(shop, 10, code="c")
    clock.advance(days=366)

    assert fault(await move(shop, "c", "Debit", 1)) == CONFLICT
    assert await balance(shop, "c") == (10, 0)
    soon = (clock() + timedelta(days=9)).isoformat()
    await shop.put(f"{CREDITS}/c", {"expirationDate": soon})
    assert (await move(shop, "c", "Debit", 1)).status_code == 201
    assert await balance(shop, "c") == (9, 9)


async def test_the_behaviors_are_asked_for(http: httpx.AsyncClient, database: Database) -> None:
    reader = await open_shop(http, database, ("customer-credit:read",))
    writer = await open_shop(http, database, ("customer-credit:update",))

    assert (await reader.get(CREDITS)).status_code == 200
    assert fault(await reader.post(CREDITS, {"initialBalance": 1})) == FORBIDDEN
    assert (await writer.post(CREDITS, {"initialBalance": 1})).status_code == 201
    assert fault(await writer.get(CREDITS)) == FORBIDDEN


async def test_a_repeated_post_makes_one_credit(shop: Shop) -> None:
    once = {"headers": {"Idempotency-Key": "credit-1"}}

    first = await shop.post(CREDITS, {"initialBalance": 10}, **once)
    again = await shop.post(CREDITS, {"initialBalance": 10}, **once)

    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert fault(await shop.post(CREDITS, {"initialBalance": 11}, **once)) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert (await shop.get(CREDITS)).json()["totalCount"] == 1
