"""Who listens to webhooks: a real server on 127.0.0.1, and the worker's job run by hand, with a clock of the test's."""

import asyncio
import base64
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from organizations import Organization
from password_hooks import Merchant
from patron import worker
from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.outbound import Outbound
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from patron.webhooks import deliveries, queries, relay
from patron.webhooks.job import Queues
from patron.webhooks.model import Outcome
from stage import TEST_KEY


async def work(
    database: Database, settings: Settings, now: Callable[[], datetime] = clock, *, private: bool = True
) -> None:
    """Relay what is new and deliver what is due, once, as the worker does."""
    vault, passwords = Vault(settings.key), Passwords()
    secrets = Secrets(vault, Keyring(vault, "patron"), passwords, Revocations(database, lambda _: None))
    outbound = Outbound(private=private)
    made = worker.renderings(replace(settings, private_hooks=private))
    async with asyncio.TaskGroup() as queues:
        await Queues(database, secrets, made, outbound, now, queues.create_task).turn()
    await outbound.close()
    passwords.close()


async def answer_for(organization: Organization) -> None:
    """Put an answer on record for whatever waits for an organization's webhooks, without calling anybody."""
    database, vault, passwords = organization.shop.database, Vault(Settings(secret_key=TEST_KEY).key), Passwords()
    secrets = Secrets(vault, Keyring(vault, "patron"), passwords, Revocations(database, lambda _: None))
    ctx = Ctx(organization.shop.tenant_id, SYSTEM, frozenset(), clock(), "test", database.session(), secrets)
    await relay.relay_some(ctx)
    for hook in await queries.every(ctx):
        for one in await deliveries.claim(ctx, hook):
            await deliveries.settle(ctx, hook, one, b'{"data": {}}', Outcome(200, "OK"))
    passwords.close()


def topics(one: Merchant) -> list[str]:
    """The topics that a listener of the second dialect heard of, in order."""
    return [head["x-commercelayer-topic"] for head in one.heads]


def is_signed(one: Merchant, secret: str, number: int = -1) -> bool:
    """Whether a call carries the second dialect's signature."""
    digest = hmac.digest(secret.encode(), one.bodies[number], "sha256")
    return one.heads[number]["x-commercelayer-signature"] == base64.b64encode(digest).decode()


def webhook(topic: str, url: str, **more: Any) -> dict[str, Any]:
    """Attributes of a webhook."""
    return {"topic": topic, "callback_url": url, **more}
