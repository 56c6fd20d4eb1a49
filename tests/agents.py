"""Service agents in tests: they act for shoppers, with tickets that say so."""

from typing import Any

import httpx

from shops import TICKETS, Shop

IMPERSONATE = f"{TICKETS}/impersonatecart"
CART = "cart-7"


async def impersonate(shop: Shop, **whose: Any) -> httpx.Response:
    """An attempt to act for the owner of a cart: `accountId`, `userId`, `impersonatorId`."""
    return await shop.post(IMPERSONATE, {"cartId": CART, **whose})


async def acting(shop: Shop, **whose: Any) -> dict[str, Any]:
    """The ticket of somebody who acts for a shopper."""
    answer = await impersonate(shop, **whose)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
