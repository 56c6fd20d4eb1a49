"""Changes of orders, but for the steps of their life."""

from typing import Any

from patron.accounts import queries as accounts
from patron.attachments import owners as attachments
from patron.customers import writing
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Refused, check_version
from patron.kernel.secrets import random_token
from patron.kernel.values import check_email
from patron.logins.actions import Credential
from patron.orders import payments, selling
from patron.orders.model import checked
from patron.orders.rows import changes, lock, write
from patron.tags import tagging


async def create(ctx: Ctx, values: dict[str, Any]) -> int:
    """A draft. `values` are columns as a caller wrote them. Raises Invalid, NotFound."""
    made = checked(values)
    made |= await selling.places(ctx, made, selling.Place(ctx.site.id if ctx.site else None, None))
    if "currency" not in made:
        made["currency"] = await selling.currency(ctx, made["site_id"])
    places = ", ".join(f"${n}" for n in range(4, len(made) + 4))
    number = await ctx.db.value(
        f"""
        insert into shop_order (tenant_id, created_at, updated_at, token, {", ".join(made)})
        values ($1, $2, $2, $3, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        random_token(),
        *made.values(),
    )
    await events.record(ctx, "order.created", subject=f"order/{number}")
    return int(number)


async def update(ctx: Ctx, order_id: int, values: dict[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given; of an order that is placed only what no sum depends on. Raises NotFound, Stale, Invalid."""
    if not values and expect is None:
        return
    order = await lock(ctx, order_id)
    check_version(order.version, expect)
    made = checked(values)
    if not order.is_open:
        for name in ("currency", "total_minor", "site_id", "store_id"):
            if name in made and made[name] != getattr(order, name):
                raise Invalid.field(name, "cannot be changed once the order is placed", "not_editable")
    if not made.keys().isdisjoint(("site_id", "store_id")):
        made |= await selling.places(ctx, made, selling.Place(order.site_id, order.store_id))
    if made:
        told = await changes(ctx, order, made)
        await write(ctx, order_id, made)
        subject = f"order/{order_id}"
        await events.record(ctx, "order.updated", account_id=order.account_id, subject=subject, changes=told)


async def put_customer(ctx: Ctx, order_id: int, account_id: int | None, *, is_guest: bool) -> None:
    """Say whose order it is, which makes a draft pending; None takes the customer off. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    if order.account_id == account_id and order.is_guest == is_guest:
        return
    if not order.is_open:
        raise Invalid.field("customer", "cannot be changed once the order is placed", "not_editable")
    if account_id is not None and not await ctx.db.value(
        "select exists (select from account where tenant_id = $1 and id = $2 and is_active)", ctx.tenant_id, account_id
    ):
        raise Invalid.field("customer", "must exist", "required")
    status = "pending" if account_id is not None and order.status == "draft" else order.status
    values = {"account_id": account_id, "is_guest": is_guest, "status": status}
    if order.account_id != account_id:
        values["payment_source_id"] = await payments.kept(ctx, order)
    await write(ctx, order_id, values)
    pairs = {name: (getattr(order, name), values[name]) for name in ("account_id", "status")}
    told: events.Changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    await events.record(ctx, "order.updated", account_id=account_id, subject=f"order/{order_id}", changes=told)


async def customer_by_email(ctx: Ctx, email: str, credential: Credential | None) -> int:
    """The customer who holds an address, made if there is none; a credential signs a new one up. Raises Invalid."""
    try:
        address = check_email(email)
    except ValueError as error:
        raise Invalid.field("email", str(error)) from None
    found = await accounts.holder(ctx, address)
    return found if found is not None else await writing.create(ctx, {"email": address}, credential, None)


async def delete(ctx: Ctx, order_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove an order that was never placed. Raises NotFound, Stale, Refused."""
    order = await lock(ctx, order_id)
    check_version(order.version, expect)
    if not order.is_open:
        raise Refused("order_placed", "An order that was placed stays.")
    await payments.check_unused(ctx, order_id)
    await attachments.forget(ctx, "order", [order_id])
    await tagging.forget(ctx, "order", [order_id])
    await ctx.db.execute("delete from shop_order where tenant_id = $1 and id = $2", ctx.tenant_id, order_id)
    await events.record(ctx, "order.deleted", account_id=order.account_id, subject=f"order/{order_id}")
