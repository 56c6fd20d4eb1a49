"""Payment sources that need no gateway: external payments and wire transfers (Commerce Layer behaviour 6)."""

from typing import Any

from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Create,
    Delete,
    Relationship,
    Resource,
    Update,
    common,
    elsewhere,
)
from patron.kernel.context import Ctx
from patron.orders import payments
from patron.payment_sources.actions import Kind
from patron.payment_sources.records import of

# The types behind a polymorphic payment source, by the core's kinds. The dialect has more: each needs its gateway.
TYPES: dict[str, str] = {"external_payment": "external_payments", "wire_transfer": "wire_transfers"}
_KINDS = {type_: kind for kind, type_ in TYPES.items()}
EVERY_TYPE = (
    "adyen_payments", "axerve_payments", "braintree_payments", "checkout_com_payments", "external_payments",
    "klarna_payments", "paypal_payments", "satispay_payments", "stripe_payments", "wire_transfers",
)  # fmt: skip


def named(change: Change) -> tuple[str, int] | None:
    """The payment source that a change names, by kind and id; of a kind that is not kept, one that is not there."""
    linked = change.relationships.get("payment_source")
    return None if linked is None else (_KINDS.get(linked[0], ""), linked[1])


def _given(change: Change) -> dict[str, Any]:
    given = {("token" if name == "payment_source_token" else name): value for name, value in change.attributes.items()}
    if "order" in change.relationships:
        given["order_id"] = change.relationships["order"]
    return given


def _changes(kind: Kind) -> tuple[Create, Update, Delete]:
    async def create(ctx: Ctx, change: Change) -> int:
        return await payments.create_source(ctx, kind, change.relationships.get("order"), _given(change))

    async def update(ctx: Ctx, number: int, change: Change) -> None:
        await payments.update_source(ctx, kind, number, _given(change), expect=change.expect)

    async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
        await payments.delete_source(ctx, kind, number, expect=expect)

    return create, update, delete


def _resource(kind: Kind, *attributes: Attribute, relationships: tuple[Relationship, ...], filters: bool) -> Resource:
    create, update, delete = _changes(kind)
    order = Relationship(name="order", targets=("orders",), own="order_id", filters=filters, write="cu", required=True)
    instrument = Attribute(name="payment_instrument", kind="object", column="instrument")
    return Resource(
        type=TYPES[kind],
        listing=of(kind),
        attributes=(*attributes, instrument, *common()),
        relationships=(order, *relationships, EVENT_STORES),
        create=create,
        update=update,
        delete=delete,
        customer="S",
        owner="account_id",
        error_names={"token": "payment_source_token", "order_id": "order"},
    )


EXTERNAL_PAYMENTS = _resource(
    "external_payment",
    Attribute(name="payment_source_token", column="token", field="token", write="c", required=True),
    Attribute(name="options", kind="object", column="options", write="cu"),
    relationships=(
        elsewhere("payment_gateway", "payment_gateways", to_many=False),
        Relationship(name="wallet", targets=("customer_payment_sources",), own="wallet_id", is_virtual=True),
    ),
    filters=True,
)
WIRE_TRANSFERS = _resource("wire_transfer", relationships=(), filters=False)
