"""Rows of orders: locked before they change, and written with their version raised."""

from collections.abc import Mapping
from typing import Any

from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.events import Changes
from patron.orders.model import Order

# What the log has of an order. Codes are left out: who reads them could pay with them.
_TOLD = (
    "number", "currency", "total_minor", "site_id", "store_id", "language_code", "country_lock", "affiliate_code",
    "expires_at", "reference", "reference_origin", "metadata",
)  # fmt: skip
COLUMNS = ", ".join(f"o.{name}" for name in Order.__struct_fields__)


async def lock(ctx: Ctx, order_id: int) -> Order:
    """The order, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from shop_order o where o.tenant_id = $1 and o.id = $2 for update", ctx.tenant_id, order_id
    )
    if row is None:
        raise NotFound("order", order_id)
    return Order(*row)


async def write(ctx: Ctx, order_id: int, values: Mapping[str, Any]) -> None:
    """Write columns of an order that the caller has locked, and raise its version; the caller records the event."""
    places = "".join(f", {name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"""
        update shop_order set version = version + 1, updated_at = $3{places} where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        order_id,
        ctx.now,
        *values.values(),
    )


async def changes(ctx: Ctx, order: Order, values: Mapping[str, Any]) -> Changes:
    """What these columns change of an order that the caller has locked: of somebody's, with whom it will be erased."""
    names = [name for name in _TOLD if name in values]
    if order.account_id is None or not names:
        return {}
    columns = ", ".join(f"o.{name}" for name in names)
    row = await ctx.db.row(
        f"select {columns} from shop_order o where o.tenant_id = $1 and o.id = $2", ctx.tenant_id, order.id
    )
    assert row is not None
    return {name: (row[name], values[name]) for name in names if row[name] != values[name]}


async def touch(ctx: Ctx, order_id: int) -> None:
    """Lock an order for a change of what hangs on it, and raise its version. Raises NotFound."""
    await lock(ctx, order_id)
    await write(ctx, order_id, {})
