"""Changes of the items of a list: a code, how many of it, and where it stands. Each locks the list."""

from collections.abc import Mapping
from typing import Any

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid, NotFound, check_version
from patron.sku_lists import actions
from patron.sku_lists.model import ITEMS_MAX, checked_item


async def create(ctx: Ctx, list_id: int | None, given: Mapping[str, Any]) -> int:
    """A new item, the last of its list unless it says where. Raises Invalid, or Taken for a code that the list has."""
    values = checked_item(given, is_new=True)
    owner = await _lock_list(ctx, list_id)
    row = await ctx.db.row(
        """
        select count(*) as items, coalesce(max(i.position), 0) as last from sku_list_item i
        where i.tenant_id = $1 and i.sku_list_id = $2
        """,
        ctx.tenant_id,
        list_id,
    )
    assert row is not None
    if row["items"] >= ITEMS_MAX:
        raise Invalid.field("sku_list", f"has too many items (maximum is {ITEMS_MAX})", "too_long")
    values = {"sku_list_id": list_id, "position": row["last"] + 1, **values}
    places = ", ".join(f"${n}" for n in range(3, len(values) + 3))
    item_id = await ctx.db.value(
        f"""
        insert into sku_list_item (tenant_id, created_at, updated_at, {", ".join(values)})
        values ($1, $2, $2, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        *values.values(),
    )
    changes: events.Changes = {name: (None, values.get(name, 1)) for name in ("sku_code", "quantity")}
    await _record(ctx, "sku_list_item.created", owner["account_id"], item_id, changes)
    return int(item_id)


async def _lock_list(ctx: Ctx, list_id: int | None) -> Row:
    try:
        found = await actions.lock(ctx, list_id or 0)
    except NotFound:
        raise Invalid.field("sku_list", "must exist", "required") from None
    if not found["manual"]:
        raise Invalid.field("sku_list", "is not filled by hand")
    return found


async def update(ctx: Ctx, item_id: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given. Raises NotFound, Stale, Invalid, Taken."""
    before = await _lock(ctx, item_id, expect)
    values = checked_item(given, is_new=False)
    changes: events.Changes = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changes:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update sku_list_item set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        item_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "sku_list_item.updated", before["account_id"], item_id, changes)


async def delete(ctx: Ctx, item_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Take an item off its list; the others keep their positions. Raises NotFound, Stale."""
    before = await _lock(ctx, item_id, expect)
    await ctx.db.execute("delete from sku_list_item where tenant_id = $1 and id = $2", ctx.tenant_id, item_id)
    changes: events.Changes = {name: (before[name], None) for name in ("sku_code", "quantity")}
    await _record(ctx, "sku_list_item.deleted", before["account_id"], item_id, changes)


async def _lock(ctx: Ctx, item_id: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select i.version, i.position, i.sku_code, i.quantity, i.reference, i.reference_origin, i.metadata, w.account_id
        from sku_list_item i join sku_list w on w.tenant_id = $1 and w.id = i.sku_list_id
        where i.tenant_id = $1 and i.id = $2 and w.tenant_id = $1 for update
        """,
        ctx.tenant_id,
        item_id,
    )
    if row is None:
        raise NotFound("item", item_id)
    check_version(row["version"], expect)
    return row


async def _record(ctx: Ctx, topic: str, account_id: int | None, item_id: int, changes: events.Changes) -> None:
    subject = f"sku_list_item/{item_id}"
    named = {f"{subject}/{name}": change for name, change in changes.items()}
    await events.record(ctx, topic, account_id=account_id, subject=subject, changes=named)
