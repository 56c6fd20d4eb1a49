"""Returns: what comes back of an order (Commerce Layer behaviour 6). There are no return lines here."""

from patron.jsonapi import tags
from patron.jsonapi.amounts import amount
from patron.jsonapi.attachments import attachments_of
from patron.jsonapi.events import events_of
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common, elsewhere
from patron.kernel.context import Ctx
from patron.kernel.query import Compare, Every
from patron.orders import returns
from patron.orders.records import RETURNS as LISTING

_STEPS = ("request", "approve", "cancel", "ship", "reject", "receive", "refund", "archive", "unarchive")
# What shoppers may do with a return; what becomes of it, and of the money, is for the shop to say.
_FOR_SHOPPERS = ("request", "cancel")
_STATUS = ("draft", "requested", "approved", "cancelled", "shipped", "rejected", "received", "refunded")
_GUESTS = Compare("is_guest", "eq", True)


async def create(ctx: Ctx, change: Change) -> int:
    """A draft."""
    number = await returns.create(ctx, change.relationships["order"], change.attributes)
    await tags.put(ctx, change, "return", number, returns.touch)
    return number


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given, then take the steps that are asked for."""
    await returns.update(ctx, number, change.attributes, expect=change.expect)
    for step in _STEPS:
        if change.triggers.get(f"_{step}"):
            await returns.take(ctx, number, step, refund_minor=change.triggers.get("_refund_amount_cents"))
    await tags.put(ctx, change, "return", number, returns.touch)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that was not asked for yet."""
    await returns.delete(ctx, number, expect=expect)


RETURNS = Resource(
    type="returns",
    listing=LISTING,
    attributes=(
        Attribute(name="number", column="number", field="number", sorts=True),
        Attribute(name="status", column="status", field="status", sorts=True, enum=_STATUS),
        Attribute(name="customer_email", column="email"),
        Attribute(name="skus_count", kind="integer", column="zero", field="zero"),
        *(
            Attribute(name=f"{name}_at", kind="date-time", column=f"{name}_at", field=f"{name}_at", sorts=True)
            for name in ("approved", "cancelled", "shipped", "rejected", "received", "refunded", "archived")
        ),
        *amount("estimated_refund_amount", "estimate_minor"),
        *common(),
    ),
    triggers=(
        *(
            Attribute(name=f"_{name}", kind="boolean", write="u", private="" if name in _FOR_SHOPPERS else "u")
            for name in (*_STEPS, "restock")
        ),
        Attribute(name="_refund_amount_cents", kind="integer", write="u", private="u"),
        *tags.TRIGGERS,
    ),
    relationships=(
        Relationship(name="order", targets=("orders",), own="order_id", filters=True, write="c", required=True),
        Relationship(name="customer", targets=("customers",), own="account_id", filters=True),
        *(
            elsewhere(name, target, to_many=False, filters=True, write=write)
            for name, target, write in (
                ("stock_location", "stock_locations", "cu"),
                ("origin_address", "addresses", ""),
                ("destination_address", "addresses", ""),
                ("reference_capture", "captures", "cu"),
                ("reference_refund", "refunds", ""),
            )
        ),
        *(elsewhere(name, filters=True) for name in ("return_line_items", "resource_errors")),
        events_of("returns", "return"),
        attachments_of("return"),
        tags.tags_of("return"),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    guest="CSU",
    customer="LSU",
    owner="account_id",
    guest_reach={"S": _GUESTS, "U": Every((_GUESTS, Compare("status", "eq", "draft")))},
    error_names={"refund_minor": "_refund_amount_cents"},
)
