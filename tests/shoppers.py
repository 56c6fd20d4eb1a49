"""What shoppers do in tests: sign in, stay signed in, read their mail."""

import asyncio
import base64
import itertools
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import msgspec

from patron.kernel import mail
from patron.kernel.mail import Body, Mail
from patron.kernel.secrets import Vault, random_token
from patron.settings import Settings
from patron.tenants.queries import settings_subject
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop

CURRENT = f"{ACCOUNTS}/current"
STRONG = "Another-horse-8"


async def sign_in(shop: Shop, name: str, password: str = PASSWORD, **more: object) -> httpx.Response:
    """An attempt to sign in, through the application."""
    return await shop.post(TICKETS, {"username": name, "password": password, **more})


async def refresh(shop: Shop, ticket: dict[str, Any], **more: object) -> httpx.Response:
    """An attempt to get the next ticket."""
    return await shop.put(f"{TICKETS}/refresh", params={"refreshToken": ticket["refreshToken"], **more})


async def is_signed_in(shop: Shop, ticket: dict[str, Any]) -> bool:
    """Whether the ticket's access token is good; it must be either good or unauthenticated."""
    answer = await shop.get(CURRENT, shopper=ticket["accessToken"])
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def anonymous(shop: Shop) -> dict[str, Any]:
    """The ticket of somebody who has not signed in."""
    answer = await shop.get(f"{TICKETS}/anonymousshopper")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def state(shop: Shop, account_id: int) -> dict[str, Any]:
    """How a login stands."""
    answer = await shop.get(f"{ACCOUNTS}/{account_id}/loginstate")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def set_policy(shop: Shop, **settings: object) -> None:
    """Give the tenant these settings, and no others."""
    await shop.database.session().execute("update tenant set settings = $2 where id = $1", shop.tenant_id, settings)
    await settings_changed(shop)


async def settings_changed(shop: Shop) -> None:
    """Have the servers look at the shop's settings anew, and wait until they say that they will."""
    nonce, answers = random_token(8), asyncio.Queue[str]()
    async with shop.database.connection() as conn:
        hear = lambda *told: answers.put_nowait(told[3]) if told[3] == nonce else None  # noqa: E731
        await conn.add_listener("patron_dropped", hear)
        count = await conn.fetchval(
            """
            with told as (select pg_notify('patron_revoked', $1)) select count(*) from pg_stat_activity, told
            where application_name = 'patron listener' and datname = current_database()
            """,
            f"{nonce} {settings_subject(shop.tenant_id)}",
        )
        for _ in range(count):
            await answers.get()
        await conn.remove_listener("patron_dropped", hear)


async def mails(shop: Shop, settings: Settings) -> list[tuple[Mail, Body]]:
    """What was written to the shop's customers, the newest first."""
    db, vault = shop.database.session(), Vault(settings.key)
    found = await mail.newest(db, shop.tenant_id, limit=100)
    return [await mail.read(db, vault, shop.tenant_id, one.id) for one in found]


async def reset_token(shop: Shop, settings: Settings, **who: str) -> str:
    """Ask for a reset, and take the token from the mail."""
    answer = await shop.post(f"{ACCOUNTS}/Reset-Password", who)
    assert answer.status_code == 200, answer.text
    written, body = (await mails(shop, settings))[0]
    assert written.kind == "shopperPasswordReset"
    return str(re.search(r"resetpasswordconfirm\?t=(\w+)&u=", body.text)[1])  # type: ignore[index]


async def mailed_code(shop: Shop, settings: Settings, kind: str = "shopperSecondFactorCode") -> str:
    """The code in the newest mail, which must be of this kind."""
    written, body = (await mails(shop, settings))[0]
    assert written.kind == kind
    return str(re.search(r"(?<!\d)\d{6}(?!\d)", body.text)[0])  # type: ignore[index]


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def until(check: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
    """Wait for something that happens by itself."""
    async with asyncio.timeout(seconds):
        for _ in itertools.count():
            if await check():
                return
            await asyncio.sleep(0.01)


def at(text: str) -> datetime:
    """A moment as this dialect writes it."""
    return msgspec.convert(text, datetime)


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    part = token.split(".")[1]
    return dict(msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
