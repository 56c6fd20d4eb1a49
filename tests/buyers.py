"""An account under test that does something: orders, returns, wish lists."""

from typing import Any

import httpx

from shops import ACCOUNTS, Shop

ORDER = {"transactionType": "Order", "transactionId": "o-1", "amount": 59.97, "date": "2026-10-01T10:00:00Z"}


class Buyer:
    """An account with the addresses of its parts."""

    def __init__(self, shop: Shop, account_id: int) -> None:
        self.shop = shop
        self.id = account_id
        self.path = f"{ACCOUNTS}/{account_id}"
        self.transactions = f"{self.path}/transactions"

    async def did(self, kind: str, **more: object) -> httpx.Response:
        """Record a transaction."""
        answer = await self.shop.post(self.transactions, {"transactionType": kind, **more})
        assert answer.status_code == 201, answer.text
        return answer

    async def summary(self) -> dict[str, Any]:
        """The commerce summary."""
        return dict((await self.shop.get(self.path)).json()["commerceSummary"])

    async def recompute(self) -> httpx.Response:
        """Compute the sums again."""
        return await self.shop.post(f"{self.path}/recomputelifetimevalue")


async def buyer_of(shop: Shop) -> Buyer:
    """A new account."""
    return Buyer(shop, (await shop.account())["id"])
