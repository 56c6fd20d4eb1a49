"""What is sent to webhooks of this dialect: the resource as GET shows it, and a signature (behaviour 8)."""

import base64
import hmac

from patron.jsonapi import ids
from patron.jsonapi.caller import Everything
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.document import ENCODE, Shape
from patron.jsonapi.errors import Refusal
from patron.jsonapi.loading import Loaded
from patron.jsonapi.resources import Resource
from patron.jsonapi.tokens import base_url
from patron.jsonapi.webhooks import include_tree, topic_type
from patron.kernel.context import Ctx
from patron.kernel.sql import rows_of
from patron.tenants import queries as tenants
from patron.webhooks.model import Delivery, Happened, Message, Webhook


class Renderer:
    """Makes messages for webhooks of all organizations below a domain."""

    def __init__(self, domain: str) -> None:
        self._domain = domain

    async def __call__(self, ctx: Ctx, hook: Webhook, delivery: Delivery, secret: str) -> Message:
        """The message: what was sent before, or the resource as it is now."""
        body = delivery.body or await self._body(ctx, hook, delivery)
        signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
        return Message(body, {"X-CommerceLayer-Topic": delivery.topic, "X-CommerceLayer-Signature": signature})

    async def _body(self, ctx: Ctx, hook: Webhook, delivery: Delivery) -> bytes:
        type_ = topic_type(delivery.topic)
        resource, number = SERVED.get(type_), _subject(delivery.event, type_)
        if resource is None or number is None:
            return ENCODE({"data": {"id": ids.shown(number or delivery.event.id), "type": type_}})
        tenant = await tenants.get(ctx.db, ctx.tenant_id)
        shape = Shape(base_url(tenant.slug, self._domain), tenant.id, tenant.mode, ctx.secrets.vault)
        rows = await rows_of(ctx, resource.listing, "id", [number])
        if not rows:
            return ENCODE({"data": _gone(resource, number, delivery.event, shape)})
        try:
            tree = include_tree(SERVED, resource, hook.includes) if hook.includes else {}
        except Refusal:  # the topic was changed since; better without than never
            tree = {}
        loaded = Loaded(ctx, Everything(), SERVED)
        await loaded.load(resource, rows, tree)
        data, included = loaded.document(shape, resource, rows, {}, tree)
        return ENCODE({"data": data[0]} if included is None else {"data": data[0], "included": included})


def _subject(event: Happened, type_: str) -> int | None:
    """The number of the resource that an event is about."""
    if type_ == "customers":
        return event.account_id
    number = event.subject.rpartition("/")[2]
    return int(number) if number.isdigit() else None


def _gone(resource: Resource, number: int, event: Happened, shape: Shape) -> dict[str, object]:
    """What is known of a resource that is not there any more: what the event says it was."""
    names = {field: wire for field, wire in resource.error_names.items() if resource.attribute(wire)}
    was = {names.get(path, path): change[0] for path, change in event.changes.items()}
    row = {one.column: was.get(one.name) for one in resource.attributes if one.column is not None}
    return shape.shown_without_row(resource, number, {
        one.name: row[one.column] for one in resource.attributes if one.column is not None and one.sealed_for is None
    })  # fmt: skip
