"""Changes of payment sources. Nothing is paid here: what happened elsewhere is noted."""

from collections.abc import Mapping
from typing import Any, Literal

from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.written import Text

Kind = Literal["external_payment", "wire_transfer"]


async def create(ctx: Ctx, kind: Kind, order_id: int | None, given: Mapping[str, Any]) -> int:
    """A new payment source of an order. An external one has the token by which others know it. Raises Invalid."""
    rules = {**written.REFERENCES, **({"token": Text(500, required=True)} if kind == "external_payment" else {})}
    values = written.checked(given, rules, is_new=True)
    if "options" in given:
        values["options"] = given["options"]
    account_id = await _hold_order(ctx, order_id)
    values["order_id"] = order_id
    places = ", ".join(f"${n}" for n in range(4, len(values) + 4))
    source_id = await ctx.db.value(
        f"""
        insert into payment_source (tenant_id, created_at, updated_at, kind, {", ".join(values)})
        values ($1, $2, $2, $3, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        kind,
        *values.values(),
    )
    await _record(ctx, "payment_source.created", account_id, source_id)
    return int(source_id)


async def _hold_order(ctx: Ctx, order_id: int | None) -> int | None:
    """Whose order it is, which cannot go until the transaction ends. Raises Invalid."""
    row = await ctx.db.row(
        "select o.account_id from shop_order o where o.tenant_id = $1 and o.id = $2 for key share",
        ctx.tenant_id,
        order_id,
    )
    if row is None:
        raise Invalid.field("order", "must exist", "required")
    return int(row["account_id"]) if row["account_id"] is not None else None


async def update(
    ctx: Ctx, kind: Kind, source_id: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None
) -> None:
    """Change what is given, among it `order_id`. Raises NotFound, Stale, Invalid."""
    before = await _lock(ctx, kind, source_id, expect)
    values = written.checked(given, written.REFERENCES, is_new=False)
    if "options" in given:
        values["options"] = given["options"]
    if "order_id" in given:
        values["order_id"] = given["order_id"]
        await _hold_order(ctx, given["order_id"])
    if all(before[name] == value for name, value in values.items()):
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update payment_source set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        source_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "payment_source.updated", before["account_id"], source_id)


async def delete(ctx: Ctx, kind: Kind, source_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a payment source that is in nobody's wallet. Raises NotFound, Stale, Refused."""
    before = await _lock(ctx, kind, source_id, expect)
    if await ctx.db.value(
        "select exists (select from card k where k.tenant_id = $1 and k.payment_source_id = $2)",
        ctx.tenant_id,
        source_id,
    ):
        raise Refused("payment_source_used", "The payment source is in a customer's wallet.")
    await ctx.db.execute("delete from payment_source where tenant_id = $1 and id = $2", ctx.tenant_id, source_id)
    await _record(ctx, "payment_source.deleted", before["account_id"], source_id)


async def _lock(ctx: Ctx, kind: Kind, source_id: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select p.version, p.order_id, p.options, p.reference, p.reference_origin, p.metadata, (
            select o.account_id from shop_order o where o.tenant_id = $1 and o.id = p.order_id) as account_id
        from payment_source p where p.tenant_id = $1 and p.id = $2 and p.kind = $3 for update
        """,
        ctx.tenant_id,
        source_id,
        kind,
    )
    if row is None:
        raise NotFound("payment source", source_id)
    check_version(row["version"], expect)
    return row


async def _record(ctx: Ctx, topic: str, account_id: int | None, source_id: int) -> None:
    """Tokens and options are the gateways' own: the log only says that something was changed."""
    await events.record(ctx, topic, account_id=account_id, subject=f"payment_source/{source_id}")
