"""What an order is paid with: a payment source of its own, or one that its customer has used before.

Nothing is paid here. A new payment source of an order is what it is paid with from then on, until money has moved:
after that, what was used is a fact and stays.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from patron.cards import wallet
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused
from patron.orders.model import Order
from patron.orders.rows import lock, write
from patron.payment_sources import actions as sources
from patron.payment_sources.actions import Kind

ENTRY = "customer_payment_source_id"


async def put(ctx: Ctx, order_id: int, source: tuple[str, int] | None) -> None:
    """Say what an order is paid with, by kind and id; None for nothing. Raises NotFound, Invalid.

    Another customer's payment source is none that there is.
    """
    order = await lock(ctx, order_id)
    if source is not None and not await ctx.db.value(
        """
        select p.id from payment_source p
        where p.tenant_id = $1 and p.id = $2 and p.kind = $3 and (p.order_id = $4
            or exists (select from shop_order o where o.tenant_id = $1 and o.id = p.order_id and o.account_id = $5)
            or exists (select from card k where k.tenant_id = $1 and k.payment_source_id = p.id and k.account_id = $5))
        for key share of p
        """,
        ctx.tenant_id,
        source[1],
        source[0],
        order_id,
        order.account_id,
    ):
        raise Invalid.field("payment_source", "must exist", "required")
    await _write(ctx, order, None if source is None else source[1])


async def use_entry(ctx: Ctx, order_id: int, number: int) -> None:
    """Pay with an entry of the customer's wallet. One that has only a token gets a payment source, of this order.

    Raises NotFound, Invalid.
    """
    order = await lock(ctx, order_id)
    row = await ctx.db.row(
        """
        select k.token, coalesce(k.payment_source_id, (
            select max(p.id) from payment_source p
            where p.tenant_id = $1 and p.order_id = $4 and p.kind = 'external_payment' and p.token = k.token)
        ) as source_id
        from card k where k.tenant_id = $1 and k.number = $2 and k.account_id = $3 for key share of k
        """,
        ctx.tenant_id,
        number,
        order.account_id,
        order_id,
    )
    if row is None:
        raise Invalid.field(ENTRY, "must exist", "required")
    source_id = row["source_id"]
    if source_id is None:
        if row["token"] is None:
            raise Invalid.field(ENTRY, "has no payment source", "invalid")
        source_id = await sources.create(ctx, "external_payment", order_id, {"token": row["token"]})
    await _write(ctx, order, source_id)


async def mend(ctx: Ctx, order_id: int) -> None:
    """Have an order that is paid with nothing use the newest of its own payment sources. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    if order.payment_source_id is None:
        sql = "select max(p.id) from payment_source p where p.tenant_id = $1 and p.order_id = $2"
        await _write(ctx, order, await ctx.db.value(sql, ctx.tenant_id, order_id))


async def _write(ctx: Ctx, order: Order, source_id: int | None) -> None:
    if order.payment_source_id == source_id:
        return
    if not order.is_payable or (ctx.actor.kind == "shopper" and not order.is_open):
        raise Invalid.field("status", "does not allow another payment source", "not_editable")
    await write(ctx, order.id, {"payment_source_id": source_id})
    changes: events.Changes = {"payment_source_id": (order.payment_source_id, source_id)}
    await events.record(ctx, "order.updated", account_id=order.account_id, subject=f"order/{order.id}", changes=changes)


async def kept(ctx: Ctx, order: Order) -> int | None:
    """What an order is paid with still when its customer is another: its own payment source."""
    if order.payment_source_id is None:
        return None
    found = await ctx.db.value(
        "select p.id from payment_source p where p.tenant_id = $1 and p.id = $2 and p.order_id = $3",
        ctx.tenant_id,
        order.payment_source_id,
        order.id,
    )
    return None if found is None else int(found)


async def save(ctx: Ctx, order_id: int) -> None:
    """Keep what an order is paid with in its customer's wallet: at once, or when the order is placed.

    Raises NotFound, Invalid, and Refused when the wallet is full.
    """
    order = await lock(ctx, order_id)
    if order.is_open:
        if not order.saves_payment_source:
            await write(ctx, order_id, {"saves_payment_source": True})
            await events.record(ctx, "order.updated", account_id=order.account_id, subject=f"order/{order_id}")
        return
    for name, value in (("customer", order.account_id), ("payment_source", order.payment_source_id)):
        if value is None:
            raise Invalid.field(name, "can't be blank", "missing")
    await _keep(ctx, order)


async def keep_at_placing(ctx: Ctx, order: Order) -> None:
    """The same for an order that is being placed, which nothing may keep from that."""
    with suppress(Refused):
        await _keep(ctx, order)


async def _keep(ctx: Ctx, order: Order) -> None:
    if order.account_id is not None and order.payment_source_id is not None:
        await wallet.keep(ctx, order.account_id, order.payment_source_id)


async def create_source(ctx: Ctx, kind: Kind, order_id: int | None, given: Mapping[str, Any]) -> int:
    """A new payment source of an order, which is paid with it from now on. Raises Invalid."""
    order = await _lock_if_there(ctx, order_id)
    source_id = await sources.create(ctx, kind, order_id, given)
    if order is not None and order.is_payable:
        await _write(ctx, order, source_id)
    return source_id


async def update_source(
    ctx: Ctx, kind: Kind, source_id: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None
) -> None:
    """Change what is given. One that becomes another order's is no longer what the first is paid with.

    Raises NotFound, Stale, Invalid.
    """
    if "order_id" not in given:
        await sources.update(ctx, kind, source_id, given, expect=expect)
        return
    paid = await _paid_with(ctx, source_id, also=given["order_id"])
    await sources.update(ctx, kind, source_id, given, expect=expect)
    for order in paid:
        if order.id == given["order_id"]:
            await _write(ctx, order, source_id if order.is_payable else order.payment_source_id)
        elif not order.is_payable:
            raise Invalid.field("order_id", "cannot be changed: it was paid with this", "not_editable")
        else:
            await _write(ctx, order, None)


async def delete_source(ctx: Ctx, kind: Kind, source_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a payment source that is in nobody's wallet, and that nothing was paid with. Raises NotFound, Stale,
    Refused.
    """
    for order in await _paid_with(ctx, source_id):
        if not order.is_payable:
            raise Refused("payment_source_used", "An order was paid with it.")
        await _write(ctx, order, None)
    await sources.delete(ctx, kind, source_id, expect=expect)


async def check_unused(ctx: Ctx, order_id: int) -> None:
    """See that an order's payment sources may go with it. Raises Refused."""
    if await ctx.db.value(
        """
        select exists (
            select from payment_source p where p.tenant_id = $1 and p.order_id = $2 and (
                exists (select from card k where k.tenant_id = $1 and k.payment_source_id = p.id)
                or exists (select from shop_order o
                           where o.tenant_id = $1 and o.payment_source_id = p.id and o.id <> $2)))
        """,
        ctx.tenant_id,
        order_id,
    ):
        raise Refused("payment_source_used", "A payment source of the order is in a wallet, or pays another order.")


async def _lock_if_there(ctx: Ctx, order_id: int | None) -> Order | None:
    try:
        return None if order_id is None else await lock(ctx, order_id)
    except NotFound:
        return None


async def _paid_with(ctx: Ctx, source_id: int, *, also: int | None = None) -> list[Order]:
    """The orders that are paid with a payment source, and another one if there is such; locked before the source, in
    the order of their ids, as everywhere.
    """
    rows = await ctx.db.fetch(
        "select o.id from shop_order o where o.tenant_id = $1 and o.payment_source_id = $2", ctx.tenant_id, source_id
    )
    ids = sorted({row["id"] for row in rows} | ({also} if also is not None else set()))
    locked = [await _lock_if_there(ctx, one) for one in ids]
    return [
        order for order in locked if order is not None and (order.payment_source_id == source_id or order.id == also)
    ]
