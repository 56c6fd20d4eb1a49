"""Changes of lists of SKUs."""

from collections.abc import Mapping
from typing import Any

from patron.accounts.holding import hold_customer
from patron.attachments import owners as attachments
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import NotFound, check_version
from patron.kernel.secrets import random_token
from patron.sku_lists.model import checked_list, slug


async def create(ctx: Ctx, account_id: int | None, given: Mapping[str, Any]) -> int:
    """A new list, of a customer or of nobody. Raises Invalid."""
    values = checked_list(given, None)
    if account_id is not None:
        await hold_customer(ctx, account_id)
    list_id = await _insert(ctx, {"account_id": account_id, "slug": slug(values["name"]), **values})
    await _record(ctx, "sku_list.created", account_id, list_id, {"name": (None, values["name"])})
    return list_id


async def _insert(ctx: Ctx, values: dict[str, Any]) -> int:
    """The new list. Where its slug is in use, an ending makes another."""
    places = ", ".join(f"${n}" for n in range(3, len(values) + 3))
    sql = f"""
        insert into sku_list (tenant_id, created_at, updated_at, {", ".join(values)}) values ($1, $2, $2, {places})
        on conflict (tenant_id, slug) do nothing returning id
        """
    while True:
        list_id = await ctx.db.value(sql, ctx.tenant_id, ctx.now, *values.values())
        if list_id is not None:
            return int(list_id)
        values = values | {"slug": f"{slug(values['name'])}-{random_token(4)}"}


async def update(ctx: Ctx, list_id: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given, among it `account_id`. The slug stays, so that links stay.

    Raises NotFound, Stale, Invalid.
    """
    before = await lock(ctx, list_id)
    check_version(before["version"], expect)
    values = checked_list(given, dict(before))
    if "account_id" in given:
        values["account_id"] = given["account_id"]
        if values["account_id"] is not None:
            await hold_customer(ctx, values["account_id"])
    changes: events.Changes = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changes:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update sku_list set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        list_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "sku_list.updated", values.get("account_id", before["account_id"]), list_id, changes)


async def delete(ctx: Ctx, list_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a list with its items and attachments. Raises NotFound, Stale."""
    before = await lock(ctx, list_id)
    check_version(before["version"], expect)
    await attachments.forget(ctx, "sku_list", [list_id])
    await ctx.db.execute("delete from sku_list where tenant_id = $1 and id = $2", ctx.tenant_id, list_id)
    await _record(ctx, "sku_list.deleted", before["account_id"], list_id, {"name": (before["name"], None)})


async def forget(ctx: Ctx, account_id: int) -> None:
    """Remove the lists of a customer who is about to go, and whom the caller has locked."""
    rows = await ctx.db.fetch(
        "delete from sku_list where tenant_id = $1 and account_id = $2 returning id", ctx.tenant_id, account_id
    )
    if rows:
        await attachments.forget(ctx, "sku_list", [row["id"] for row in rows])


async def lock(ctx: Ctx, list_id: int) -> Row:
    """The list, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        """
        select w.version, w.account_id, w.name, w.description, w.image_url, w.manual, w.sku_code_regex, w.reference,
               w.reference_origin, w.metadata
        from sku_list w where w.tenant_id = $1 and w.id = $2 for update
        """,
        ctx.tenant_id,
        list_id,
    )
    if row is None:
        raise NotFound("sku list", list_id)
    return row


async def _record(ctx: Ctx, topic: str, account_id: int | None, list_id: int, changes: events.Changes) -> None:
    subject = f"sku_list/{list_id}"
    named = {f"{subject}/{name}": change for name, change in changes.items()}
    await events.record(ctx, topic, account_id=account_id, subject=subject, changes=named)
