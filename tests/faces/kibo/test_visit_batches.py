"""Many visits in one call: all or none, one event, and safe to be sent again (docs/visits.md)."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from buyers import Buyer, buyer_of
from patron.customers.visits import BATCH_MAX
from patron.kernel.clock import clock
from patron.kibo.wire import time
from shops import VISITS, Shop, fault, visit_of
from statements import Counting, Watch

BATCH = f"{VISITS}/batch"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")
ORDER = {"transactionType": "Order", "amount": 5}


async def send(shop: Shop, *visits: dict[str, Any], **rest: Any) -> dict[str, Any]:
    answer = await shop.post(BATCH, list(visits), **rest)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def total(shop: Shop) -> int:
    return int((await shop.get(VISITS, params={"pageSize": 0})).json()["totalCount"])


async def summary(buyer: Buyer) -> tuple[int, int, float]:
    found = await buyer.summary()
    return found["visitsCount"], found["orderCount"], found["totalOrderAmount"]["amount"]


async def test_a_batch_is_what_its_visits_would_be_one_by_one(shop: Shop) -> None:
    first, second = await buyer_of(shop), await buyer_of(shop)
    old = str(time(clock() - timedelta(days=200)))
    batch = [
        {"accountId": first.id, "type": "Website", "transactions": [ORDER, ORDER]},
        {"accountId": second.id, "type": "Store", "date": old, "transactions": [ORDER]},
        {"accountId": first.id, "type": "Call", "id": "call-1", "webUserAgent": "iPhone"},
        {"userId": "somebody"},
    ]

    answer = await send(shop, *batch)

    assert (answer["recorded"], answer["known"], answer["ids"][2]) == (4, 0, "call-1")
    assert await total(shop) == 4
    assert (await summary(first), await summary(second)) == ((2, 2, 10), (1, 1, 5))
    for said, name in zip(batch, answer["ids"], strict=True):
        one = (await shop.get(f"{VISITS}/{name}")).json()
        alone = await visit_of(shop, **{**said, "id": None, "transactions": None})
        without = ("id", "date", "transactions")
        assert {k: v for k, v in one.items() if k not in without} == {
            k: v for k, v in alone.items() if k not in without
        }
        assert len(one["transactions"]) == len(said.get("transactions", ()))  # type: ignore[arg-type]


async def test_a_batch_is_one_event(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    events = "select topic, changes from event where tenant_id = $1 and topic like 'visit%'"

    await send(shop, *[{"accountId": buyer.id, "transactions": [ORDER]}] * 3)

    rows = await shop.database.session().fetch(events, shop.tenant_id)
    assert [tuple(row) for row in rows] == [("visits.recorded", {"visits": [None, 3]})]


async def test_a_batch_sent_again_adds_nothing(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    batch = [{"id": f"v-{n}", "accountId": buyer.id, "transactions": [ORDER]} for n in range(3)]
    await send(shop, *batch)

    again = await send(shop, {"id": "v-9"}, *batch)

    assert (again["recorded"], again["known"], again["ids"]) == (1, 3, ["v-9", "v-0", "v-1", "v-2"])
    assert await total(shop) == 4
    assert await summary(buyer) == (3, 3, 15)


async def test_an_id_that_comes_twice_in_a_batch_is_recorded_once(shop: Shop) -> None:
    answer = await send(shop, {"id": "v-1", "type": "Store"}, {"id": "v-1", "type": "Call"})

    assert (answer["recorded"], answer["known"]) == (1, 1)
    assert (await shop.get(f"{VISITS}/v-1")).json()["type"] == "Store"


async def test_an_id_that_we_gave_is_known(shop: Shop) -> None:
    made = await visit_of(shop, type="Store")

    answer = await send(shop, {"id": made["id"], "type": "Call"})

    assert (answer["recorded"], answer["known"]) == (0, 1)
    assert (await shop.get(f"{VISITS}/{made['id']}")).json() == made


async def test_a_repeated_call_gets_the_first_answer(shop: Shop) -> None:
    key = {"Idempotency-Key": "batch-1"}

    first = await send(shop, {}, {}, headers=key)

    assert await send(shop, {}, {}, headers=key) == first
    assert await total(shop) == 2
    assert fault(await shop.post(BATCH, [{}], headers=key)) == (422, "IDEMPOTENCY_KEY_REUSED", None)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"type": "Fax"}, "[1].type"),
        ({"type": 1}, "[1].type"),
        ({"date": "soon"}, "[1].date"),
        ({"date": "1980-01-01T00:00:00Z"}, "[1].date"),
        ({"date": "2999-01-01T00:00:00Z"}, "[1].date"),
        ({"accountId": 990_000_000_001}, "[1].accountId"),
        ({"accountId": None}, "[1].accountId"),
        ({"webSiteId": 990_000_000_001}, "[1].webSiteId"),
        ({"id": "x" * 201}, "[1].id"),
        ({"transactions": [{"transactionType": "Gift"}]}, "[1].transactions[0].transactionType"),
        ({"transactions": [ORDER, {**ORDER, "date": "soon"}]}, "[1].transactions[1].date"),
        ({"transactions": [ORDER, {**ORDER, "transactionId": "mine"}]}, "[1].transactions[1].transactionId"),
    ],
)
async def test_a_faulty_row_is_named_and_nothing_is_recorded(shop: Shop, row: dict[str, Any], told: str) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=5, transactionId="mine")
    before = await summary(buyer)
    good = {"accountId": buyer.id, "transactions": [ORDER]}

    answer = await shop.post(BATCH, [{**good, "id": "v-0"}, good | row])

    assert fault(answer) == (*INVALID, told)
    assert (await summary(buyer), await total(shop)) == (before, 0)
    assert fault(await shop.get(f"{VISITS}/v-0"))[0] == 404


async def test_all_faulty_rows_are_told_up_to_a_hundred(shop: Shop) -> None:
    answer = await shop.post(BATCH, [{}, *[{"type": "Fax"}] * 150])

    named = [data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]]
    assert named == [f"[{place}].type" for place in range(1, 101)]


async def test_a_transactions_id_may_come_once_an_account(shop: Shop) -> None:
    one = {"accountId": (await buyer_of(shop)).id, "transactions": [{**ORDER, "transactionId": "o-1"}]}
    other = {**one, "accountId": (await buyer_of(shop)).id}

    assert fault(await shop.post(BATCH, [one, other, one])) == (*INVALID, "[2].transactions[0].transactionId")
    assert (await send(shop, one, other))["recorded"] == 2


async def test_another_shops_account_is_no_account(shop: Shop, other_shop: Shop) -> None:
    foreign = await buyer_of(other_shop)

    assert fault(await shop.post(BATCH, [{"accountId": foreign.id}])) == (*INVALID, "[0].accountId")
    assert (await foreign.summary())["visitsCount"] == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[[]]", b'["x"]', b"null", b"[{]"])
async def test_what_is_no_list_of_visits_is_refused(shop: Shop, body: bytes) -> None:
    assert fault(await shop.call("POST", BATCH, content=body))[:2] == INVALID


async def test_an_empty_batch_records_nothing(shop: Shop) -> None:
    assert await send(shop) == {"ids": [], "recorded": 0, "known": 0}


async def test_a_batch_has_an_end(shop: Shop) -> None:
    assert fault(await shop.post(BATCH, [{}] * (BATCH_MAX + 1))) == (*INVALID, "items")
    too_large = msgspec.json.encode([{"webReferrer": "x" * 1_500}] * 700)
    assert fault(await shop.call("POST", BATCH, content=too_large))[:2] == (413, "REQUEST_TOO_LARGE")


async def test_the_cost_does_not_grow_with_the_batch(shop: Shop, statements: Watch) -> None:
    buyers = [await buyer_of(shop) for _ in range(10)]
    costs = []
    for count in (1, 10, 500):
        batch = [
            {"accountId": buyers[n % 10].id, "id": f"{count}-{n}", "transactions": [ORDER], "type": "Store"}
            for n in range(count)
        ]
        await send(shop, {})
        with Counting(statements) as counting:
            await send(shop, *batch)
        costs.append(len(counting.heard))

    assert costs[0] == costs[1] == costs[2] == 7  # begin, keys, accounts, transactions, sums, visits with event, commit


async def test_batches_that_share_accounts_and_ids_do_not_lose_any(shop: Shop) -> None:
    buyers = [await buyer_of(shop) for _ in range(5)]
    shared = [{"accountId": buyers[n % 5].id, "id": f"shared-{n}"} for n in range(40)]
    own = [[{"accountId": buyers[n % 5].id, "transactions": [ORDER]} for n in range(40)] for _ in range(6)]

    answers = await asyncio.gather(
        *(send(shop, *(batch + shared)[:: 1 if place % 2 else -1]) for place, batch in enumerate(own))
    )

    assert sum(answer["recorded"] for answer in answers) == 6 * 40 + 40
    assert await total(shop) == 280
    for buyer in buyers:
        assert await summary(buyer) == (8 + 6 * 8, 48, 240)
