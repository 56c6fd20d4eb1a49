"""The commerce summary of an account: what its transactions add up to."""

import asyncio
from decimal import Decimal

from buyers import ORDER, buyer_of
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault


async def test_the_summary_follows_what_was_recorded(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=100, date="2026-10-02T10:00:00Z")
    await buyer.did("Order", amount=50.25, date="2026-10-01T10:00:00Z")
    await buyer.did("Return", amount=20.05, date="2026-10-03T10:00:00Z")
    await buyer.did("Wishlist", date="2026-10-04T10:00:00Z")
    await buyer.did("OrderPickup", amount=7, date="2026-10-05T10:00:00Z")

    assert await buyer.summary() == {
        "orderCount": 2,
        "totalOrderAmount": {"amount": 130.20, "currencyCode": "USD"},
        "lastOrderDate": "2026-10-02T10:00:00.000Z",
        "wishlistCount": 1,
        "visitsCount": 0,
    }


async def test_amounts_of_other_currencies_are_kept_but_not_added(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=100)
    await buyer.did("Order", amount=1000, currencyCode="jpy")
    await buyer.did("Return", amount=3.123, currencyCode="KWD")

    summary = await buyer.summary()
    kept = {(one["amount"], one["currencyCode"]) for one in (await shop.get(buyer.transactions)).json()}
    assert summary["orderCount"] == 2
    assert summary["totalOrderAmount"] == {"amount": 100, "currencyCode": "USD"}
    assert kept == {(100, "USD"), (1000, "JPY"), (3.123, "KWD")}


async def test_the_sums_of_a_clients_floating_point_are_understood(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=19.99 * 3)
    await buyer.did("Order", amount=0.1 + 0.2)

    assert (await buyer.summary())["totalOrderAmount"]["amount"] == 60.27


async def test_removing_takes_the_effect_back(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    before = await buyer.summary()
    await buyer.did("Order", transactionId="o-1", amount=10, date="2026-10-01T10:00:00Z")
    after_one = await buyer.summary()
    await buyer.did("Order", transactionId="o-2", amount=5, date="2026-10-02T10:00:00Z")
    await buyer.did("Wishlist", transactionId="w-1")
    await buyer.did("Return", transactionId="r-1", amount=3)

    for transaction_id in ("r-1", "w-1", "o-2"):
        assert (await shop.delete(f"{buyer.transactions}/{transaction_id}")).status_code == 204
    assert await buyer.summary() == after_one
    assert (await shop.delete(f"{buyer.transactions}/o-1")).status_code == 204
    assert await buyer.summary() == before
    assert fault(await shop.delete(f"{buyer.transactions}/o-1")) == (404, "ITEM_NOT_FOUND", None)
    assert await buyer.summary() == before


async def test_totals_have_an_end(shop: Shop, database: Database) -> None:
    buyer = await buyer_of(shop)
    await database.session().execute(
        "update account set order_total_minor = $3 where tenant_id = $1 and id = $2",
        shop.tenant_id,
        buyer.id,
        10**18,
    )

    refused = await shop.post(buyer.transactions, ORDER)

    assert fault(refused) == (409, "VALIDATION_CONFLICT", None)
    assert (await shop.get(buyer.transactions)).json() == []


async def test_parallel_orders_all_count(shop: Shop) -> None:
    buyer = await buyer_of(shop)

    answers = await asyncio.gather(
        *(shop.post(buyer.transactions, {"transactionType": "Order", "amount": n + 0.01}) for n in range(20))
    )

    assert [answer.status_code for answer in answers] == [201] * 20
    summary = await buyer.summary()
    assert summary["orderCount"] == 20
    assert summary["totalOrderAmount"]["amount"] == float(Decimal("190.20"))
    assert (await buyer.recompute()).status_code == 200
    assert await buyer.summary() == summary


async def test_parallel_twins_of_one_id_count_once(shop: Shop) -> None:
    buyer = await buyer_of(shop)

    answers = await asyncio.gather(*(shop.post(buyer.transactions, ORDER) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert (await buyer.summary())["orderCount"] == 1


async def test_recomputing_puts_wrong_sums_right(shop: Shop, database: Database) -> None:
    buyer = await buyer_of(shop)
    await buyer.did("Order", amount=10, date="2026-10-01T10:00:00Z")
    await buyer.did("Return", amount=2.5)
    await buyer.did("Wishlist")
    right = await buyer.summary()
    await database.session().execute(
        """
        update account set order_count = 7, order_total_minor = 1, last_order_at = null, wishlist_count = 9
        where tenant_id = $1 and id = $2
        """,
        shop.tenant_id,
        buyer.id,
    )

    answer = await buyer.recompute()

    assert (answer.status_code, answer.content) == (200, b"")
    assert await buyer.summary() == right
    recorded = await database.session().row(
        "select changes from event where tenant_id = $1 and account_id = $2 and topic = 'account.recomputed'",
        shop.tenant_id,
        buyer.id,
    )
    assert recorded is not None
    assert [str(amount) for amount in recorded["changes"]["order_total"]] == ["0.01", "7.50"]
    assert recorded["changes"]["wishlist_count"] == [9, 1]


async def test_an_account_with_orders_stays(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    await shop.post(buyer.transactions, ORDER)

    assert fault(await shop.delete(buyer.path)) == (409, "VALIDATION_CONFLICT", None)
    await shop.delete(f"{buyer.transactions}/o-1")
    assert (await shop.delete(buyer.path)).status_code == 204


async def test_accounts_are_found_by_what_they_bought(shop: Shop) -> None:
    buyer, _ = await buyer_of(shop), await buyer_of(shop)
    await buyer.did("Order", amount=100)

    found = await shop.get(ACCOUNTS, params={"filter": "commerceSummary.totalOrderAmount ge 99.99"})

    assert [one["id"] for one in found.json()["items"]] == [buyer.id]


async def test_a_transaction_changes_the_version_of_the_account(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    stale = {"If-Match": (await shop.get(buyer.path)).headers["etag"]}

    await shop.post(buyer.transactions, ORDER)

    assert fault(await shop.put(buyer.path, {}, headers=stale)) == (412, "PRECONDITION_FAILED", None)


async def test_a_repeated_recomputation_is_made_once(shop: Shop, database: Database) -> None:
    buyer = await buyer_of(shop)
    key = {"Idempotency-Key": "recompute-1"}

    for _ in range(2):
        answer = await shop.post(f"{buyer.path}/recomputelifetimevalue", headers=key)
        assert (answer.status_code, answer.content) == (200, b"")

    made = await database.session().value(
        "select count(*) from event where tenant_id = $1 and account_id = $2 and topic = 'account.recomputed'",
        shop.tenant_id,
        buyer.id,
    )
    assert made == 1
