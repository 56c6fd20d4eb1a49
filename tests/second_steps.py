"""Signing in in two steps, in tests: a password, then a code."""

from typing import Any

import httpx

from shoppers import set_policy, sign_in
from shops import TICKETS, Shop

ALWAYS = {"second_factor": {"always": True}}
EMAIL = "jo@example.com"


async def begin(shop: Shop, **more: object) -> dict[str, Any]:
    """A right password, and what it gives while the second factor is out."""
    answer = await sign_in(shop, EMAIL, **more)
    assert answer.status_code == 201, answer.text
    body = dict(answer.json())
    assert body["requires2FA"] is True
    return body


async def finish(shop: Shop, user_id: object, code: object, **more: Any) -> httpx.Response:
    """An attempt to finish with a code."""
    return await shop.post(f"{TICKETS}/2fa/auth", {"userId": user_id, "otpCode": code}, **more)


async def resend(shop: Shop, waiting: dict[str, Any]) -> httpx.Response:
    """Ask for another code."""
    return await shop.post(f"{TICKETS}/2fa/request", shopper=waiting["accessToken"])


async def known(shop: Shop, **policy: object) -> dict[str, Any]:
    """A shopper of a shop that asks for a second factor: the ticket of signing up."""
    ticket = await shop.shopper(emailAddress=EMAIL)
    await set_policy(shop, **(policy or ALWAYS))
    return ticket
