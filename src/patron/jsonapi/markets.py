"""Markets: the sites of the default customer set, as scopes of tokens name them (Commerce Layer behaviour 2.2).

There are no merchants, price lists or stock here: those relationships are empty, and a market is made without them.
"""

from typing import Any

from patron.jsonapi.attachments import attachments_of
from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Kind,
    Relationship,
    Resource,
    common,
    elsewhere,
    text,
)
from patron.kernel.context import Ctx
from patron.markets import actions
from patron.markets.records import MARKETS as LISTING

_COLUMNS = ("name", "code", "reference", "reference_origin", "metadata")


def _given(change: Change) -> dict[str, Any]:
    given = {name: value for name, value in change.attributes.items() if name in _COLUMNS}
    if "customer_group" in change.relationships:
        given["group_id"] = change.relationships["customer_group"]
    return given


def _options(change: Change) -> dict[str, Any]:
    return {name: value for name, value in change.attributes.items() if name not in _COLUMNS}


async def _switch(ctx: Ctx, number: int, change: Change) -> None:
    for name, on in (("_enable", True), ("_disable", False)):
        if change.triggers.get(name):
            await actions.switch(ctx, number, on=on)


async def create(ctx: Ctx, change: Change) -> int:
    """A market like the organization's first one."""
    number = await actions.create(ctx, _given(change), _options(change))
    await _switch(ctx, number, change)
    return number


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given; with a customer group the market is private."""
    await actions.update(ctx, number, _given(change), _options(change), expect=change.expect)
    await _switch(ctx, number, change)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that nothing names."""
    await actions.delete(ctx, number, expect=expect)


def _option(name: str, kind: Kind = "string") -> Attribute:
    return Attribute(name=name, kind=kind, column="options", write="cu", show=lambda options: options.get(name))


def _none(name: str, *targets: str) -> Relationship:
    """One that may be emptied, and leads to nothing that is kept here."""
    return Relationship(name=name, targets=targets, write="cu", filters=True)


MARKETS = Resource(
    type="markets",
    listing=LISTING,
    attributes=(
        Attribute(name="number", kind="integer", column="id"),
        text("name", required=True),
        text("code"),
        _option("facebook_pixel_id"),
        _option("checkout_url"),
        _option("external_prices_url"),
        _option("external_order_validation_url"),
        Attribute(name="private", kind="boolean", column="is_private"),
        _option("shipping_cost_cutoff", "integer"),
        Attribute(name="disabled_at", kind="date-time", column="disabled_at", field="disabled_at", sorts=True),
        Attribute(name="shared_secret", column="nothing"),  # nothing is called for a market
        _option("external_includes", "array"),
        *common(),
    ),
    triggers=(
        Attribute(name="_disable", kind="boolean", write="cu"),
        Attribute(name="_enable", kind="boolean", write="cu"),
        Attribute(name="_regenerate_shared_secret", kind="boolean", write="u"),
    ),
    relationships=(
        _none("merchant", "merchants"),
        _none("price_list", "price_lists"),
        Relationship(name="base_price_list", targets=("price_lists",), is_virtual=True),
        _none("inventory_model", "inventory_models"),
        _none("subscription_model", "subscription_models"),
        _none("discount_engine", "discount_engines"),
        _none(
            "tax_calculator",
            *("avalara_accounts", "stripe_tax_accounts", "vertex_accounts", "taxjar_accounts"),
            *("manual_tax_calculators", "external_tax_calculators"),
        ),
        Relationship(name="customer_group", targets=("customer_groups",), own="group_id", filters=True, write="cu"),
        _none("geocoder", "geocoders"),
        _none("default_shipping_method", "shipping_methods"),
        _none("default_payment_method", "payment_methods"),
        Relationship(name="stores", targets=("stores",), to_many=True, key="site_id", filters=True),
        elsewhere("price_list_schedulers", filters=True),
        elsewhere("order_validation_rules", filters=True),
        attachments_of("site"),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    guest="SL",
    market="id",
    error_names={"group_id": "customer_group"},
)
