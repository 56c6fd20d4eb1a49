"""`patron webhook`, and what the webhooks that it makes get: Standard Webhooks and Kibo's event push."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from standardwebhooks import Webhook
from test_worker import serving

from installations import KEY, Installation
from listeners import work
from password_hooks import Merchant, answer, merchant
from patron.kernel.db import Database
from patron.settings import Settings
from shops import Shop
from stage import Clock


@pytest_asyncio.fixture
async def own(installation: Installation) -> AsyncIterator[Database]:
    """A database of its own."""
    database = await Database.open(installation.url, size=4)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def shop(installation: Installation, own: Database) -> AsyncIterator[Shop]:
    """The one tenant there is."""
    async with serving(installation, own) as shop:
        yield shop


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Merchant]:
    """Somebody who listens, and says that all is well."""
    async with merchant() as one:
        one.says = lambda _: answer("")
        yield one


def settings(installation: Installation) -> Settings:
    return Settings(database_url=installation.url, secret_key=KEY, home=Path("/nonexistent"))


def made(said: str) -> tuple[str, str]:
    """The id and the secret of a new webhook."""
    number, secret = re.findall(r"Webhook (\d+)\s+Secret: (\S+)", said)[0]
    return number, secret


async def test_receivers_with_the_library_of_standard_webhooks_take_our_signature(
    installation: Installation, shop: Shop, own: Database, listener: Merchant
) -> None:
    said = installation.patron(
        "webhook", "create", listener.url, "--kind", "standard", "--topic", "account.created", PATRON_PRIVATE_HOOKS="1"
    )
    account = await shop.account(emailAddress="jo@example.com")
    await shop.contact(account["id"])
    await work(own, settings(installation))

    assert len(listener.bodies) == 1
    read = Webhook(made(said)[1]).verify(listener.bodies[0], listener.heads[0])
    assert read["type"] == "account.created"
    assert read["data"]["accountId"] == account["id"]

    event_id = read["data"]["eventId"]
    assert "waits for 1 webhooks" in installation.patron("webhook", "replay", str(event_id))
    await work(own, settings(installation))
    assert listener.bodies[1] == listener.bodies[0]
    assert listener.heads[1]["webhook-id"] != listener.heads[0]["webhook-id"]


async def test_receivers_of_kibos_events_get_them_as_ever(
    installation: Installation, shop: Shop, own: Database, listener: Merchant
) -> None:
    said = installation.patron("webhook", "create", listener.url, "--kind", "kibo", PATRON_PRIVATE_HOOKS="1")
    secret = made(said)[1]
    account = await shop.account(emailAddress="jo@example.com")
    await shop.contact(account["id"])
    await work(own, settings(installation))
    await work(own, settings(installation))

    heard = [one["topic"] for one in listener.asked]
    assert sorted(heard) == ["customeraccount.created", "customeraccount.updated"]
    first = listener.asked[heard.index("customeraccount.created")]
    assert set(first) == {
        "eventId", "topic", "entityId", "timestamp", "correlationId", "isTest", "extendedProperties"
    }  # fmt: skip
    assert (first["entityId"], first["isTest"]) == (str(account["id"]), True)
    head, body = listener.heads[0], listener.bodies[0]
    key = base64.b64encode(hashlib.sha256((secret + secret).encode()).digest())
    signature = base64.b64encode(hashlib.sha256(key + head["date"].encode() + body).digest()).decode()
    assert head["x-vol-hmac-sha256"] == signature
    assert head["x-vol-tenant"] == str(shop.tenant_id)


async def test_webhooks_are_listed_switched_and_removed(
    installation: Installation, shop: Shop, own: Database, listener: Merchant
) -> None:
    said = installation.patron("webhook", "create", listener.url, "--kind", "standard", PATRON_PRIVATE_HOOKS="1")
    number, secret = made(said)
    listed = installation.patron("webhook", "list")
    assert f"{number} standard on 0 * {listener.url}" in listed
    assert secret not in listed

    installation.patron("webhook", "disable", number)
    assert f"{number} standard off" in installation.patron("webhook", "list")
    await shop.account()
    await work(own, settings(installation))
    assert listener.asked == []

    installation.patron("webhook", "enable", number)
    await shop.account()
    await work(own, settings(installation))
    assert "account.created" in [one["type"] for one in listener.asked]

    installation.patron("webhook", "delete", number)
    assert number not in installation.patron("webhook", "list")


async def test_whoever_runs_the_shop_is_told_of_a_webhook_that_fails_once_a_day(
    installation: Installation, shop: Shop, own: Database, listener: Merchant
) -> None:
    tenant = str(shop.tenant_id)
    installation.patron("tenant", "settings", tenant, "--set", "alerts_to=ops@shop.example, boss@shop.example")
    refused = installation.patron("tenant", "settings", tenant, "--set", "alerts_to=ops", status=1)
    assert "ops is no e-mail address." in refused
    topic = ("--topic", "account.created")
    url = f"{listener.url}?key=secret"
    number, _ = made(
        installation.patron("webhook", "create", url, "--kind", "standard", *topic, PATRON_PRIVATE_HOOKS="1")
    )
    clock = Clock()
    clock.stop()  # so that nothing is tried again

    async def fail(times: int) -> None:
        for _ in range(times):
            await shop.account()
            await work(own, settings(installation), clock)

    listener.says = lambda _: answer("no", "503 Service Unavailable")
    await fail(4)
    assert "webhookFailing" not in installation.patron("mail", "list")
    await fail(1)
    assert installation.patron("mail", "list").count(f"webhook {number} fails") == 2
    assert f"{number} standard failing 5" in installation.patron("webhook", "list")
    db = own.session()
    newest = await db.value("select max(m.id) from mail m where m.tenant_id = $1", shop.tenant_id)
    said = installation.patron("mail", "show", str(newest))
    assert "failed 5 times in a row. The last time: Service Unavailable" in said
    assert "secret" not in said

    listener.says = lambda _: answer("")
    await fail(1)
    assert f"{number} standard on 0" in installation.patron("webhook", "list")
    listener.says = lambda _: answer("no", "503 Service Unavailable")
    await fail(29)
    assert installation.patron("mail", "list").count("webhookFailing") == 2
    await fail(1)
    assert installation.patron("mail", "list").count(f"webhook {number} is left alone") == 2


async def test_wrong_webhooks_are_refused_with_a_sentence(installation: Installation, shop: Shop) -> None:
    assert shop.tenant_id
    refused = installation.patron("webhook", "create", "http://127.0.0.1/x", "--kind", "standard", status=1)
    assert "must be https" in refused
    refused = installation.patron(
        "webhook", "create", "https://example.com", "--kind", "kibo", "--topic", "party", status=1
    )
    assert "party is not included in the list" in refused
    assert "There is no webhook 77." in installation.patron("webhook", "delete", "77", status=1)
