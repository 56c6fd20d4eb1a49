"""Short ways to make credits and payments through the API, and to look at them."""

from typing import Any

import httpx

from ledgers import drifts
from shops import ACCOUNTS, CREDITS, Shop

PAYMENTS = f"{CREDITS}/payments"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")
CONFLICT = (409, "VALIDATION_CONFLICT", None)
MISSING = (404, "ITEM_NOT_FOUND", None)
FORBIDDEN = (403, "FORBIDDEN", None)


async def credit_of(shop: Shop, amount: float = 50, **fields: Any) -> dict[str, Any]:
    """A new credit."""
    answer = await shop.post(CREDITS, {"initialBalance": amount, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def move(shop: Shop, code: str, kind: str, amount: object, **fields: Any) -> httpx.Response:
    """A transaction of a credit."""
    body = {"transactionType": kind, "impactAmount": amount, **fields}
    return await shop.post(f"{CREDITS}/{code}/transactions", body)


async def pay(shop: Shop, amount: object, **fields: Any) -> httpx.Response:
    """A payment."""
    return await shop.post(PAYMENTS, {"amount": amount, **fields})


async def paid(shop: Shop, amount: object, **fields: Any) -> dict[str, Any]:
    """A payment that works."""
    answer = await pay(shop, amount, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def settle(shop: Shop, payment: dict[str, Any], what: str, body: Any = None) -> httpx.Response:
    """Capture, void or refund a payment."""
    return await shop.post(f"{PAYMENTS}/{payment['id']}/{what}", {} if body is None and what != "void" else body)


async def balance(shop: Shop, code: str) -> tuple[float, float]:
    """What is on a credit, and what of it could be spent now."""
    credit = (await shop.get(f"{CREDITS}/{code}")).json()
    return credit["currentBalance"], credit["availableBalance"]


async def customers_balance(shop: Shop, account_id: int) -> list[int]:
    """Accounts that the filter finds by their credit balance: whether the account's sum is what is asked."""
    found = await shop.get(ACCOUNTS, params={"filter": f"id eq {account_id} and creditBalance gt 0"})
    return [one["id"] for one in found.json()["items"]]


async def adds_up(shop: Shop) -> bool:
    """Whether every sum of the shop's ledger is that of its entries."""
    return await drifts(shop.database.session(), shop.tenant_id) == []


def sums(payment: dict[str, Any]) -> tuple[float, float, float, float]:
    """What of a payment is held, captured, released, refunded."""
    return tuple(payment[f"{name}Amount"] for name in ("held", "captured", "released", "refunded"))  # type: ignore[return-value]


def parts(payment: dict[str, Any]) -> dict[str, float]:
    """What a payment took from each credit."""
    return {part["code"]: part["amount"] for part in payment["credits"]}
