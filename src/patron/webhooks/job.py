"""The worker's job: relays new events, and works through the queues of webhooks, each in a task of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import Counter

from patron.kernel.caller import SYSTEM
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.errors import NotFound, PatronError, Retry
from patron.kernel.outbound import CallFailed, Outbound
from patron.kernel.secrets import random_token
from patron.webhooks import deliveries, queries, relay
from patron.webhooks.model import SECRET_PURPOSE, Delivery, Kind, Message, Outcome, Webhook

QUEUES_AT_ONCE = 100

# Makes what is sent: of a secret in clear text, and of the body as it was sent before, if it was.
Rendering = Callable[[Ctx, Webhook, Delivery, str], Awaitable[Message]]

log = structlog.get_logger()

_RELAYED = Counter("patron_webhook_events_total", "Events of tenants with webhooks that were looked at.")
_ATTEMPTS = Counter("patron_webhook_attempts_total", "Calls of webhooks.", ["kind", "outcome"])


class Queues:
    """All queues that this process works on. A webhook that does not answer keeps no other from its own.

    `start` makes a task of a coroutine; whoever gave it ends what is still running.
    """

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        renderings: dict[Kind, Rendering],
        outbound: Outbound,
        now: Callable[[], datetime],
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._renderings = renderings
        self._outbound = outbound
        self._now = now
        self._start = start
        self._busy: set[tuple[int, int]] = set()

    async def turn(self) -> None:
        """Relay what is new, and start on the queues in which something is due."""
        db = self._database.session()
        for row in await db.fetch(relay.DUE):
            await self._relay(row["tenant_id"])
        for row in await db.fetch(deliveries.DUE, self._now()):
            key = (row["tenant_id"], row["id"])
            if key not in self._busy and len(self._busy) < QUEUES_AT_ONCE:
                self._busy.add(key)
                self._start(self._work(*key))

    async def _relay(self, tenant_id: int) -> None:
        try:
            while count := await relay.relay_some(self._ctx(tenant_id)):
                _RELAYED.inc(count)
        except (PatronError, Retry) as error:
            log.warning("events wait", tenant=tenant_id, reason=str(error))
        except Exception:
            log.exception("relay failed", tenant=tenant_id)

    async def _work(self, tenant_id: int, webhook_id: int) -> None:
        """Work through one queue until nothing is due in it."""
        try:
            while True:
                hook = await queries.get(self._ctx(tenant_id), webhook_id)
                if hook.disabled_at is not None or hook.circuit == "open":
                    return
                claimed = await deliveries.claim(self._ctx(tenant_id), hook)
                if not claimed:
                    return
                await asyncio.gather(*(self._deliver(tenant_id, hook, one) for one in claimed))
        except NotFound:
            return  # it was removed meanwhile
        except (PatronError, Retry) as error:
            log.warning("webhook waits", tenant=tenant_id, webhook=webhook_id, reason=str(error))
        except Exception:
            log.exception("queue of a webhook failed", tenant=tenant_id, webhook=webhook_id)
        finally:
            self._busy.discard((tenant_id, webhook_id))

    async def _deliver(self, tenant_id: int, hook: Webhook, delivery: Delivery) -> None:
        body, outcome = await self._attempt(self._ctx(tenant_id), hook, delivery)
        _ATTEMPTS.labels(hook.kind, "good" if outcome.is_good(hook.kind) else "bad").inc()
        await deliveries.settle(self._ctx(tenant_id), hook, delivery, body, outcome)

    async def _attempt(self, ctx: Ctx, hook: Webhook, delivery: Delivery) -> tuple[bytes | None, Outcome]:
        """Make what is sent, and send it. What goes wrong in making it counts as a failure, and is tried again."""
        try:
            secret = ctx.secrets.vault.open(hook.sealed_secret, SECRET_PURPOSE).decode()
            message = await self._renderings[hook.kind](ctx, hook, delivery, secret)
        except Exception:
            log.exception("payload of a webhook failed", tenant=ctx.tenant_id, webhook=hook.id, event=delivery.event.id)
            return None, Outcome(None, "The payload could not be made.")
        headers = {"Content-Type": "application/json", "User-Agent": "Patron", **message.headers}
        try:
            status = await self._outbound.deliver(hook.url, message.body, headers, seconds=hook.pace.seconds)
        except CallFailed as error:
            return message.body, Outcome(None, str(error)[:500])
        return message.body, Outcome(status, _phrase(status))

    def _ctx(self, tenant_id: int) -> Ctx:
        now, db = self._now(), self._database.session()
        return Ctx(tenant_id, SYSTEM, frozenset(), now, random_token(), db, self._secrets)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
