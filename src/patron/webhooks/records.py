"""Webhooks, events and attempts as flat rows with named columns, for faces that read whatever a caller asks for."""

import msgspec

from patron.kernel.columns import common, text
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing
from patron.webhooks.history import NOUN, NUMBER
from patron.webhooks.queries import SHOWN
from patron.webhooks.topics import DIALECT_NAME, DIALECT_SOURCES


def _time(sql: str) -> Field:
    return Field(sql, "time", sort=sql)


_NAME = "coalesce(h.name, 'Webhook ' || h.id)"
WEBHOOKS = Listing(
    select=f"""h.id, h.version, {_NAME} as name, h.topics[1] as topic, h.url, h.includes, h.sealed_secret,
        h.disabled_at, h.circuit, h.failures, h.created_at, h.updated_at, h.reference, h.reference_origin,
        h.metadata""",
    source="webhook h",
    where="h.tenant_id = $1 and h.kind = 'jsonapi'",
    fields={
        **common("h"),
        "name": text(_NAME),
        "topic": text("h.topics[1]"),
        "disabled_at": Field("h.disabled_at", "time", sort="coalesce(h.disabled_at, '-infinity')"),
        "circuit": text("h.circuit"),
        "failures": Field("h.failures", "integer", sort="h.failures"),
    },
    identity="h.id",
    order=(Sort("created_at"), Sort("id")),
)

# Events that have a name in the second dialect.
EVENTS = Listing(
    select=f"""e.id, {DIALECT_NAME} as name, e.at as created_at, e.at as updated_at, e.reference, e.reference_origin,
        coalesce(e.metadata, '{{}}') as metadata""",
    source="event e",
    where=f"e.tenant_id = $1 and e.topic in ({DIALECT_SOURCES}) and {DIALECT_NAME} is not null and {SHOWN}",
    fields={
        "id": Field("e.id", "integer", sort="e.id"),
        "name": text(DIALECT_NAME),
        "created_at": _time("e.at"),
        "updated_at": _time("e.at"),
        "reference": text("e.reference"),
        "reference_origin": text("e.reference_origin"),
        "metadata": Field("coalesce(e.metadata, '{}')", "json"),
        "account_id": Field("e.account_id", "integer"),
    },
    identity="e.id",
    order=(Sort("created_at"), Sort("id")),
)

CUSTOMER_EVENTS = msgspec.structs.replace(EVENTS, where=f"{EVENTS.where} and {DIALECT_NAME} like 'customers.%'")


def events_of(noun: str, resource: str) -> Listing:
    """The events of a resource that subjects call by a noun; its number is the field `subject_id`."""
    return msgspec.structs.replace(
        EVENTS,
        where=f"{EVENTS.where} and {NOUN} = '{noun}' and {DIALECT_NAME} like '{resource}.%'",
        fields={**EVENTS.fields, "subject_id": Field(NUMBER, "integer")},
    )


# The webhooks of which an event was sent to, for each event.
WEBHOOKS_OF_EVENTS = msgspec.structs.replace(
    WEBHOOKS,
    source="""webhook h join (select distinct v.webhook_id, v.event_id from webhook_delivery v where v.tenant_id = $1) u
        on u.webhook_id = h.id""",
    fields={**WEBHOOKS.fields, "event_id": Field("u.event_id", "integer")},
)

_STATUS = "t.status::text"
# Every attempt at a delivery of this dialect.
CALLBACKS = Listing(
    select=f"""t.id, t.webhook_id, t.url, convert_from(d.body, 'UTF8')::jsonb as payload, {_STATUS} as status,
        t.message, t.at as created_at, coalesce(t.ended_at, t.at) as updated_at, null::text as reference,
        null::text as reference_origin, '{{}}'::jsonb as metadata""",
    source="""webhook_attempt t join webhook_delivery d on d.tenant_id = $1 and d.id = t.delivery_id
        join webhook w on w.tenant_id = $1 and w.id = t.webhook_id and w.kind = 'jsonapi'""",
    where="t.tenant_id = $1 and d.tenant_id = $1 and w.tenant_id = $1",
    fields={
        "id": Field("t.id", "integer", sort="t.id"),
        "webhook_id": Field("t.webhook_id", "integer", sort="t.webhook_id"),
        "event_id": Field("d.event_id", "integer"),
        "url": text("t.url"),
        "status": text(_STATUS),
        "message": text("t.message"),
        "created_at": _time("t.at"),
        "updated_at": _time("coalesce(t.ended_at, t.at)"),
        "reference": text("null::text"),
        "reference_origin": text("null::text"),
        "metadata": Field("'{}'::jsonb", "json"),
    },
    identity="t.id",
    order=(Sort("created_at"), Sort("id")),
)
