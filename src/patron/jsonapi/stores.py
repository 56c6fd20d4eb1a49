"""Stores: shops with a door, each of a market, which the scope of a store opens (Commerce Layer behaviour 2.2)."""

from typing import Any

from patron.jsonapi.resources import EVENT_STORES, Change, Relationship, Resource, common, elsewhere, text
from patron.kernel.context import Ctx
from patron.markets import stores
from patron.markets.records import STORES as LISTING


def _given(change: Change) -> dict[str, Any]:
    links = change.relationships
    return {**change.attributes, **({"site_id": links["market"]} if "market" in links else {})}


async def create(ctx: Ctx, change: Change) -> int:
    """A store of a market."""
    return await stores.create(ctx, _given(change))


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await stores.update(ctx, number, _given(change), expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one without orders."""
    await stores.delete(ctx, number, expect=expect)


STORES = Resource(
    type="stores",
    listing=LISTING,
    attributes=(text("name", required=True), text("code"), *common()),
    relationships=(
        Relationship(name="market", targets=("markets",), own="site_id", filters=True, write="cu", required=True),
        Relationship(name="merchant", targets=("merchants",), filters=True, write="cu"),
        Relationship(name="stock_location", targets=("stock_locations",), filters=True, write="cu"),
        Relationship(name="orders", targets=("orders",), to_many=True, key="store_id"),
        elsewhere("payment_methods"),
        elsewhere("events", filters=True),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    guest="SL",
    market="site_id",
    error_names={"site_id": "market"},
)
