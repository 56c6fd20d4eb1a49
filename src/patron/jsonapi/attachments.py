"""Attachments, and how other resources show theirs (Commerce Layer behaviour 6)."""

from patron.attachments import actions
from patron.attachments.owners import Kind, Owner
from patron.attachments.records import ATTACHMENTS as LISTING
from patron.attachments.records import of
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common, text
from patron.kernel.context import Ctx

# What attachments may hang on here, by the core's kinds. The dialect has more types, of which we keep nothing.
_TYPES: dict[str, str] = {
    "account": "customers",
    "segment": "customer_groups",
    "order": "orders",
    "sku_list": "sku_lists",
    "site": "markets",
    "return": "returns",
}
_KINDS = {type_: kind for kind, type_ in _TYPES.items()}
_ATTACHABLE = (
    "geocoders", "price_lists", "payment_methods", "markets", "customer_groups", "promotions", "orders", "transactions",
    "tax_calculators", "tax_categories", "skus", "shipping_categories", "order_validation_rules", "bundles",
    "sku_lists", "stock_items", "stock_locations", "returns", "carrier_accounts", "coupon_recipients", "customers",
    "delivery_lead_times", "shipping_methods", "shipments", "discount_engines", "parcels", "gift_card_recipients",
    "gift_cards", "inventory_models", "stock_transfers", "sku_options", "merchants", "subscription_models",
    "payment_options", "packages", "prices", "price_tiers", "shipping_method_tiers", "shipping_zones",
)  # fmt: skip


def _owner(change: Change) -> Owner | None:
    linked = change.relationships.get("attachable")
    return None if linked is None else Owner(_KINDS.get(linked[0], ""), linked[1])


async def create(ctx: Ctx, change: Change) -> int:
    """One that hangs on a record."""
    return await actions.create(ctx, _owner(change), change.attributes)


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await actions.update(ctx, number, change.attributes, owner=_owner(change), expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one."""
    await actions.delete(ctx, number, expect=expect)


ATTACHMENTS = Resource(
    type="attachments",
    listing=LISTING,
    attributes=(
        text("name", required=True),
        Attribute(name="description", column="description", field="description", write="cu"),
        Attribute(name="url", column="url", write="cu"),
        *common(),
    ),
    relationships=(
        Relationship(
            name="attachable", targets=_ATTACHABLE, own="attachable_id", kind="attachable_kind", types=_TYPES,
            write="cu", required=True,
        ),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
)  # fmt: skip


def attachments_of(kind: Kind) -> Relationship:
    """The relationship `attachments` of a resource whose rows are of this kind."""
    return Relationship(
        name="attachments", targets=("attachments",), to_many=True, key="owner_id", listing=of(kind), filters=True
    )
