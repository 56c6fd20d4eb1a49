"""Customers: our accounts, as this dialect shows them (Commerce Layer behaviour 5)."""

from typing import Any

from patron.accounts import actions as accounts
from patron.accounts.records import CUSTOMERS as LISTING
from patron.accounts.records import TOTAL
from patron.customers import actions, writing
from patron.erasure import requests
from patron.jsonapi import ids, tags
from patron.jsonapi.attachments import attachments_of
from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Relationship,
    Resource,
    common,
    text,
)
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.logins import actions as logins
from patron.tags.tagging import Owner
from patron.webhooks.records import CUSTOMER_EVENTS

# Attributes as the core calls them.
_FIELDS = {
    "email": "email",
    "reference": "external_id",
    "tax_exemption_code": "tax_id",
    "profile_id": "profile_id",
    "shopper_reference": "shopper_reference",
    "reference_origin": "reference_origin",
    "metadata": "metadata",
}


async def prepare(ctx: Ctx, change: Change) -> logins.Credential | None:
    """Hash the password, outside the transaction. Raises Invalid, TooMany."""
    password = change.attributes.get("password")
    return None if password is None else await logins.prepare(ctx, password)


def _given(change: Change) -> dict[str, Any]:
    given = {_FIELDS[name]: value for name, value in change.attributes.items() if name in _FIELDS}
    if "email" in given and not (given["email"] or "").strip():
        raise Invalid.field("email", "can't be blank", "missing")
    if "metadata" in given:
        given["metadata"] = given["metadata"] or {}
    return given


async def create(ctx: Ctx, change: Change) -> int:
    """A customer; with a password a registered one."""
    number = await writing.create(ctx, _given(change), change.prepared, change.relationships.get("customer_group"))
    await _tag(ctx, number, change)
    return number


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await writing.update(ctx, number, _given(change), change.prepared, expect=change.expect)
    if "customer_group" in change.relationships:
        await writing.put_in_group(ctx, number, change.relationships["customer_group"])
    await _tag(ctx, number, change)
    if change.triggers.get("_request_anonymization"):
        await requests.request(ctx, number)
    if change.triggers.get("_cancel_anonymization"):
        await requests.cancel(ctx, number)


def _anonymization(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """The wish to be forgotten and what became of it, as this wire tells it."""
    if row is None:
        return None
    told = {"status": row["status"]}
    for name in ("requested_at", "started_at", "completed_at", "failed_at", "cancelled_at"):
        if row[name] is not None:
            told[name] = f"{row[name][:19].replace('T', ' ')} UTC"
    for name, user, by in (
        ("requester", "requester", "requested_by"),
        ("cancellation_requester", "canceller", "cancelled_by"),
    ):
        if row[user] is not None:
            told[name] = row[user] | {"id": ids.shown(row[user]["id"])}
        elif row[by] is not None:  # a program by itself
            told[name] = {"id": row[by], "first_name": None, "last_name": None, "email": None}
    return told


async def _tag(ctx: Ctx, number: int, change: Change) -> None:
    if tags.names_tags(change):
        await accounts.touch(ctx, number)
        await tags.apply(ctx, Owner("account", number, number), change)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that has no orders."""
    await actions.delete(ctx, number, expect=expect)


def _book(type_: str) -> Relationship:
    return Relationship(name=type_, targets=(type_,), to_many=True, key="account_id", filters=True)


def _of_token() -> tuple[Relationship, ...]:
    """What the token of a request names: there are no stock locations."""
    return (
        Relationship(name="jwt_customer", targets=("customers",), is_virtual=True,
                     of_caller=lambda caller: () if caller.account_id is None else (caller.account_id,)),
        Relationship(name="jwt_markets", targets=("markets",), to_many=True, is_virtual=True,
                     of_caller=lambda caller: caller.market_ids),
        Relationship(name="jwt_stock_locations", targets=("stock_locations",), to_many=True, is_virtual=True,
                     of_caller=lambda _: ()),
    )  # fmt: skip


CUSTOMERS = Resource(
    type="customers",
    listing=LISTING,
    total=TOTAL,
    attributes=(
        text("email", required=True),
        Attribute(name="password", field="password", write="cu", private="u"),  # found by password_present
        Attribute(name="status", column="status", field="status", sorts=True, enum=("prospect", "acquired", "repeat")),
        Attribute(name="has_password", kind="boolean", column="has_password"),
        Attribute(name="total_orders_count", kind="integer", column="order_count", field="order_count", sorts=True),
        Attribute(name="shopper_reference", column="shopper_reference", write="cu"),
        Attribute(name="profile_id", column="profile_id", write="cu"),
        Attribute(name="tax_exemption_code", column="tax_id", write="cu"),
        *common(reference="external_id"),
        Attribute(
            name="anonymization_status",
            column="anonymization_status",
            field="anonymization_status",
            sorts=True,
            enum=("requested", "started", "completed", "failed", "cancelled"),
        ),
        Attribute(name="jwt_custom_claim", kind="object", of_caller=lambda caller: caller.grant.custom_claim),
        Attribute(name="anonymization_info", kind="object", column="anonymization", show=_anonymization),
    ),
    relationships=(
        Relationship(name="customer_group", targets=("customer_groups",), own="group_id", filters=True, write="cu"),
        _book("customer_addresses"),
        _book("customer_payment_sources"),
        _book("customer_subscriptions"),
        Relationship(name="orders", targets=("orders",), to_many=True, key="account_id"),
        Relationship(
            name="order_subscriptions", targets=("order_subscriptions",), to_many=True, key="account_id", filters=True
        ),
        Relationship(name="returns", targets=("returns",), to_many=True, key="account_id", filters=True),
        Relationship(name="sku_lists", targets=("sku_lists",), to_many=True, key="account_id", filters=True),
        attachments_of("account"),
        Relationship(
            name="events", targets=("events",), to_many=True, listing=CUSTOMER_EVENTS, key="account_id", filters=True
        ),
        tags.tags_of("account"),
        *_of_token(),
        EVENT_STORES,
    ),
    triggers=(
        *tags.TRIGGERS,
        Attribute(name="_request_anonymization", kind="boolean", write="u", private="cu"),
        Attribute(name="_cancel_anonymization", kind="boolean", write="u", private="cu"),
    ),
    prepare=prepare,
    create=create,
    update=update,
    delete=delete,
    guest="C",
    customer="SUD",
    owner="id",
    error_names={"external_id": "reference", "tax_id": "tax_exemption_code", "user_name": "email"},
)
