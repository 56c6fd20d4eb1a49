"""The log of changes as the second dialect tells it: an event as what it did to one resource (behaviour 6).

An entry is an event of the audit log. What it is about follows from its topic and subject: the account, or the number
behind a noun. Both lead back to the event by an index.
"""

from functools import cache

import msgspec

from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing
from patron.webhooks.queries import SHOWN

NOUN = "split_part(e.subject, '/', 1)"
# As migration 0028 has it: other words would not find its index.
NUMBER = """(case when e.subject ~ '^[a-z_]+/[0-9]+$' and length(split_part(e.subject, '/', 2)) < 19
    then split_part(e.subject, '/', 2)::bigint end)"""

# The noun of a subject → the resource.
_RESOURCES = {
    "address": "addresses",
    "attachment": "attachments",
    "contact": "customer_addresses",
    "export": "exports",
    "import": "imports",
    "order": "orders",
    "order_subscription": "order_subscriptions",
    "reset": "customer_password_resets",
    "return": "returns",
    "segment": "customer_groups",
    "site": "markets",
    "sku_list": "sku_lists",
    "sku_list_item": "sku_list_items",
    "store": "stores",
    "subscription": "customer_subscriptions",
    "tag": "tags",
    "webhook": "webhooks",
}
_NOUNS = {resource: noun for noun, resource in _RESOURCES.items()}
# What else happens to a customer is no change of the customer, or belongs to somebody else.
_OF_CUSTOMERS = """(e.account_id is not null and (split_part(e.topic, '.', 1) in ('account', 'anonymization')
    or e.topic in ('login.created', 'login.updated') or (e.topic = 'login.password_changed' and e.subject = '')))"""
_OF_CARDS = "(e.account_id is not null and e.topic like 'card.%')"
_OF_SOURCES = f"(e.topic like 'payment_source.%' and {NUMBER} is not null)"
# Members are told of with their accounts; rules make segments that are no groups.
_OF_OTHERS = f"""({NOUN} in ({", ".join(f"'{noun}'" for noun in _RESOURCES)}) and {NUMBER} is not null
    and split_part(e.topic, '.', 1) in ('login', {", ".join(f"'{noun}'" for noun in _RESOURCES if noun != "reset")})
    and e.topic not in ('segment.joined', 'segment.left')
    and not exists (select from segment eg where eg.tenant_id = $1 and {NOUN} = 'segment' and eg.id = {NUMBER}
        and eg.kind <> 'group'))"""
_CARD = """(select ek.number from card ek where ek.tenant_id = $1 and ek.account_id = e.account_id
    and e.subject = 'card/' || ek.id)"""
_SOURCE = f"""(select ep.kind || 's' from payment_source ep where ep.tenant_id = $1 and ep.id = {NUMBER})"""

_TYPE = f"""(case when {_OF_CUSTOMERS} then 'customers' when {_OF_CARDS} then 'customer_payment_sources'
    when {_OF_SOURCES} then {_SOURCE}
    else case {NOUN} {" ".join(f"when '{noun}' then '{type_}'" for noun, type_ in _RESOURCES.items())} end end)"""
_ID = f"(case when {_OF_CUSTOMERS} then e.account_id when {_OF_CARDS} then {_CARD} else {NUMBER} end)"
_WISHES = ("started", "completed", "failed")
_EVENT = f"""(case when e.topic like '%.created' and e.topic <> 'login.created' or e.topic = 'login.reset_requested'
    then 'create' when e.topic like '%.deleted' or e.topic = 'login.reset_withdrawn' then 'destroy'
    when e.topic = 'anonymization.requested' then 'anonymization_request'
    when e.topic = 'anonymization.cancelled' then 'anonymization_cancel'
    {" ".join(f"when e.topic = 'anonymization.{one}' then 'anonymization_{one}'" for one in _WISHES)}
    else 'update' end)"""

HISTORY = Listing(
    select=f"""e.id, e.topic, {_TYPE} as resource_type, {_ID} as resource_number, {_EVENT} as event, e.subject,
        e.changes, e.actor_kind, ea.id as application_id, ea.client_id, ea.kind as application_kind,
        case when es.id is null then 'Customer' else 'User' end as owner_type, coalesce(es.id, eo.id) as owner_number,
        coalesce(es.email, eo.email) as owner_email, coalesce(es.first_name, eo.first_name) as owner_first_name,
        coalesce(es.last_name, eo.last_name) as owner_last_name, e.at as created_at, e.at as updated_at,
        null::text as reference, null::text as reference_origin, '{{}}'::jsonb as metadata""",
    source="""event e left join application ea on ea.tenant_id = $1 and ea.client_id = e.application
        left join account eo on eo.tenant_id = $1 and e.actor_kind = 'shopper' and eo.user_id = e.actor
        left join staff es on es.tenant_id = $1 and e.actor_kind = 'staff' and es.email = e.actor""",
    where=f"e.tenant_id = $1 and ({_OF_CUSTOMERS} or {_OF_CARDS} or {_OF_SOURCES} or {_OF_OTHERS}) and {SHOWN}",
    fields={
        "id": Field("e.id", "integer", sort="e.id"),
        "created_at": Field("e.at", "time", sort="e.at"),
        "updated_at": Field("e.at", "time", sort="e.at"),
        "reference": Field("null::text", sort="''::text"),
        "reference_origin": Field("null::text", sort="''::text"),
        "metadata": Field("'{}'::jsonb", "json"),
    },
    identity="e.id",
    order=(Sort("id"),),
)


@cache
def of(type_: str) -> Listing | None:
    """The entries of resources of a type, whose number is the field `owner`; None for those of which none are kept."""
    if type_ == "customers":
        return _narrowed(_OF_CUSTOMERS, "e.account_id")
    if type_ in ("external_payments", "wire_transfers"):
        return _narrowed(_OF_SOURCES, NUMBER)
    if type_ == "customer_payment_sources":
        found = _narrowed(f"{_OF_CARDS} and ec.tenant_id = $1", "ec.number")
        joined = f"card ec join {HISTORY.source}".replace(
            "event e ",
            "event e on e.tenant_id = $1 and e.account_id = ec.account_id and e.subject = 'card/' || ec.id ",
            1,
        )
        return msgspec.structs.replace(found, source=joined)
    if type_ not in _NOUNS:
        return None
    return _narrowed(f"{_OF_OTHERS} and {NOUN} = '{_NOUNS[type_]}'", NUMBER)


def _narrowed(where: str, owner: str) -> Listing:
    return msgspec.structs.replace(
        HISTORY,
        where=f"e.tenant_id = $1 and {where} and {SHOWN}",
        fields={**HISTORY.fields, "owner": Field(owner, "integer")},
    )
