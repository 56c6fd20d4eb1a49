"""Where an order is sold: its market, and the store that belongs to it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid


class Place(msgspec.Struct, frozen=True):
    """The market (a site) and the store of an order."""

    site_id: int | None
    store_id: int | None


async def places(ctx: Ctx, given: Mapping[str, Any], now: Place) -> dict[str, Any]:
    """Market and store as they are to be stored, of what a caller wrote and what is there `now`.

    Neither can go away until the transaction ends. A store brings its market along, unless another one is named. Raises
    Invalid.
    """
    site_id, store_id = given.get("site_id", now.site_id), given.get("store_id", now.store_id)
    if "site_id" in given:
        await hold_market(ctx, site_id)
    if store_id is not None and not given.keys().isdisjoint(("site_id", "store_id")):
        of_store = await ctx.db.value(
            "select s.site_id from store s where s.tenant_id = $1 and s.id = $2 for key share", ctx.tenant_id, store_id
        )
        if of_store is None:
            raise Invalid.field("store_id", "must exist", "required")
        if "site_id" not in given:
            site_id = of_store
        elif of_store != site_id:
            raise Invalid.field("store_id", "must belong to the market", "invalid")
    return {"site_id": site_id, "store_id": store_id}


async def hold_market(ctx: Ctx, site_id: int | None) -> None:
    """See that a market is there, and keep it. Raises Invalid."""
    if site_id is None:
        raise Invalid.field("site_id", "can't be blank", "missing")
    if not await ctx.db.value(
        """
        select s.id from site s
        join customer_set c on c.tenant_id = $1 and c.code = s.customer_set_code and c.is_default
        where s.tenant_id = $1 and s.id = $2 for key share of s
        """,
        ctx.tenant_id,
        site_id,
    ):
        raise Invalid.field("site_id", "must exist", "required")


async def currency(ctx: Ctx, site_id: int | None) -> str:
    """The currency of a market; that of orders which name none."""
    if site_id is None or (ctx.site is not None and ctx.site.id == site_id):
        return ctx.site.currency if ctx.site else "USD"
    return str(
        await ctx.db.value("select s.currency from site s where s.tenant_id = $1 and s.id = $2", ctx.tenant_id, site_id)
    )
