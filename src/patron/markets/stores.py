"""Stores: shops with a door, each of a market, which the scope of a store opens (Commerce Layer behaviour 2)."""

from collections.abc import Mapping
from typing import Any

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row, Session
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.markets.model import checked

_TOLD = ("site_id", "name", "code", "reference", "reference_origin", "metadata")


async def create(ctx: Ctx, given: Mapping[str, Any]) -> int:
    """A store of a market (`site_id`). Raises Invalid, Taken."""
    values = await _values(ctx, given, is_new=True)
    places = ", ".join(f"${n}" for n in range(3, len(values) + 3))
    number = await ctx.db.value(
        f"""
        insert into store (tenant_id, created_at, updated_at, {", ".join(values)}) values ($1, $2, $2, {places})
        returning id
        """,
        ctx.tenant_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "store.created", number, {name: (None, values[name]) for name in _TOLD if values.get(name)})
    return int(number)


async def update(ctx: Ctx, number: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given; a store that has orders stays in its market. Raises NotFound, Stale, Invalid, Taken."""
    before = await _lock(ctx, number, expect)
    values = await _values(ctx, given, is_new=False)
    changes: events.Changes = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changes:
        return
    if "site_id" in changes and await _has_orders(ctx, number):
        raise Invalid.field("site_id", "cannot be changed: the store has orders", "not_editable")
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update store set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        number,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "store.updated", number, changes)


async def delete(ctx: Ctx, number: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove one without orders. Raises NotFound, Stale, Refused."""
    before = await _lock(ctx, number, expect)
    if await _has_orders(ctx, number):
        raise Refused("store_used", "The store has orders.")
    await ctx.db.execute("delete from store where tenant_id = $1 and id = $2", ctx.tenant_id, number)
    await _record(ctx, "store.deleted", number, {name: (before[name], None) for name in ("name", "code")})


async def market_of(db: Session, tenant_id: int, number: int | None, code: str | None) -> int | None:
    """The market of the store with this id or code."""
    found = await db.value(
        """
        select t.site_id from store t
        where t.tenant_id = $1 and (t.id = $2::bigint or (lower(t.code) = lower($3::text) and t.code = $3::text))
        """,
        tenant_id,
        number,
        code,
    )
    return None if found is None else int(found)


async def _has_orders(ctx: Ctx, number: int) -> bool:
    return bool(
        await ctx.db.value(
            "select exists (select from shop_order o where o.tenant_id = $1 and o.store_id = $2)", ctx.tenant_id, number
        )
    )


async def _values(ctx: Ctx, given: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    values = checked(given, is_new=is_new)
    if is_new or "site_id" in given:
        values["site_id"] = given.get("site_id")
        if not await ctx.db.value(
            """
            select s.id from site s join customer_set c on c.tenant_id = $1 and c.code = s.customer_set_code
                and c.is_default
            where s.tenant_id = $1 and s.id = $2 for key share of s
            """,
            ctx.tenant_id,
            values["site_id"],
        ):
            raise Invalid.field("site_id", "must exist", "required")
    return values


async def _lock(ctx: Ctx, number: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select t.version, t.site_id, t.name, t.code, t.reference, t.reference_origin, t.metadata from store t
        where t.tenant_id = $1 and t.id = $2 for update
        """,
        ctx.tenant_id,
        number,
    )
    if row is None:
        raise NotFound("store", number)
    check_version(row["version"], expect)
    return row


async def _record(ctx: Ctx, topic: str, number: int, changes: events.Changes) -> None:
    await events.record(ctx, topic, subject=f"store/{number}", changes=changes)
