"""What is sent to webhooks that no face speaks for: Standard Webhooks, and Kibo's event push."""

import base64
import hashlib
import hmac
import re
from email.utils import format_datetime
from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.secrets import random_token
from patron.tenants import queries as tenants
from patron.webhooks.model import Delivery, Happened, Kind, Message, Webhook

STANDARD_PREFIX = "whsec_"

_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_NUMBER = re.compile(r"/(\d+)$")


def new_secret(kind: Kind) -> str:
    """A fresh secret, written as the receivers of this kind expect it."""
    if kind == "standard":
        return STANDARD_PREFIX + base64.b64encode(bytes.fromhex(random_token(32))).decode()
    return random_token()


async def standard(ctx: Ctx, _hook: Webhook, delivery: Delivery, secret: str) -> Message:
    """An event in our own words, signed as Standard Webhooks has it (standardwebhooks.com)."""
    event = delivery.event
    data = {
        "eventId": event.id,
        "accountId": event.account_id,
        "subject": event.subject or None,
        "siteId": event.site_id,
        "changes": {path: {"from": before, "to": after} for path, (before, after) in event.changes.items()},
    }
    body = delivery.body or _ENCODE({"type": event.topic, "timestamp": event.at, "data": data})
    key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX))
    # The same at every attempt: by it receivers know what they have already.
    name, sent = f"msg_{ctx.tenant_id}_{delivery.id}", str(int(ctx.now.timestamp()))
    signature = base64.b64encode(hmac.digest(key, f"{name}.{sent}.".encode() + body, "sha256")).decode()
    return Message(body, {"webhook-id": name, "webhook-timestamp": sent, "webhook-signature": f"v1,{signature}"})


async def kibo(ctx: Ctx, _hook: Webhook, delivery: Delivery, secret: str) -> Message:
    """An event push of Kibo (behaviour 15): who changed, not what; the receiver asks for that."""
    event = delivery.event
    body = delivery.body or _ENCODE(await _pushed(ctx, delivery))
    date = format_datetime(ctx.now, usegmt=True)
    headers = {
        "Date": date,
        "x-vol-hmac-sha256": kibo_signature(secret, date, body),
        "x-vol-tenant": str(ctx.tenant_id),
        "x-vol-correlation": event.request_id,
    }
    return Message(body, headers | ({"x-vol-site": str(event.site_id)} if event.site_id is not None else {}))


def kibo_signature(secret: str, date: str, body: bytes) -> str:
    """SHA-256 over key, date and body; the key is one over the secret written twice."""
    key = base64.b64encode(hashlib.sha256((secret + secret).encode()).digest())
    return base64.b64encode(hashlib.sha256(key + date.encode() + body).digest()).decode()


async def _pushed(ctx: Ctx, delivery: Delivery) -> dict[str, Any]:
    event = delivery.event
    tenant = await tenants.get(ctx.db, ctx.tenant_id)
    more = {}
    if delivery.topic.startswith("customersegment.") and event.account_id is not None:
        more["customerAccountId"] = str(event.account_id)
    return {
        "eventId": f"{ctx.tenant_id}-{event.id}",
        "topic": delivery.topic,
        "entityId": _entity(delivery.topic, event),
        "timestamp": event.at,
        "correlationId": event.request_id,
        "isTest": tenant.mode == "test",
        "extendedProperties": [{"key": key, "value": value} for key, value in more.items()],
    }


def _entity(topic: str, event: Happened) -> str:
    """The id of what an event is about: the account, else what the subject names."""
    if topic.startswith("customeraccount."):
        return str(event.account_id)
    found = _NUMBER.search(event.subject)
    return found[1] if found else event.subject.rpartition("/")[2]
