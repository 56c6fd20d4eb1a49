"""Changes of tags themselves."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import NotFound, Retry, check_version
from patron.tags.model import checked_name


async def create(ctx: Ctx, given: Mapping[str, Any]) -> int:
    """A new tag. Raises Invalid, or Taken for a name in use."""
    values = {"name": checked_name(given.get("name")), **written.checked(given, written.REFERENCES, is_new=True)}
    places = ", ".join(f"${n}" for n in range(3, len(values) + 3))
    tag_id = await ctx.db.value(
        f"""
        insert into tag (tenant_id, created_at, updated_at, {", ".join(values)}) values ($1, $2, $2, {places})
        returning id
        """,
        ctx.tenant_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "tag.created", tag_id, {"name": (None, values["name"])})
    return int(tag_id)


async def ensure(ctx: Ctx, wanted: Collection[str]) -> dict[str, int]:
    """The tags of these names, made where there is none yet. Raises Invalid."""
    stored = {name: checked_name(name) for name in wanted}
    if not stored:
        return {}
    made = await ctx.db.fetch(
        """
        insert into tag (tenant_id, created_at, updated_at, name)
        select $1, $2, $2, given.name from unnest($3::text[]) as given (name)
        on conflict do nothing returning id, name
        """,
        ctx.tenant_id,
        ctx.now,
        sorted(set(stored.values())),
    )
    for row in made:
        await _record(ctx, "tag.created", row["id"], {"name": (None, row["name"])})
    rows = await ctx.db.fetch(
        "select t.id, t.name from tag t where t.tenant_id = $1 and t.name = any($2::text[])",
        ctx.tenant_id,
        sorted(set(stored.values())),
    )
    there = {row["name"]: row["id"] for row in rows}
    if not there.keys() >= set(stored.values()):
        raise Retry  # somebody has removed one since
    return {name: there[kept] for name, kept in stored.items()}


async def names(ctx: Ctx, tag_ids: Sequence[int]) -> dict[int, str]:
    """What tags are called, those that are there."""
    if not tag_ids:
        return {}
    rows = await ctx.db.fetch(
        "select t.id, t.name from tag t where t.tenant_id = $1 and t.id = any($2::bigint[])",
        ctx.tenant_id,
        list(tag_ids),
    )
    return {row["id"]: row["name"] for row in rows}


async def update(ctx: Ctx, tag_id: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given; whatever has the tag keeps it. Raises NotFound, Stale, Invalid, Taken."""
    before = await _lock(ctx, tag_id, expect)
    values = written.checked(given, written.REFERENCES, is_new=False)
    if "name" in given:
        values["name"] = checked_name(given["name"])
    changes: events.Changes = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changes:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update tag set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        tag_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "tag.updated", tag_id, changes)


async def delete(ctx: Ctx, tag_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a tag from wherever it is, and itself. Raises NotFound, Stale."""
    before = await _lock(ctx, tag_id, expect)
    await ctx.db.execute("delete from tag where tenant_id = $1 and id = $2", ctx.tenant_id, tag_id)
    await _record(ctx, "tag.deleted", tag_id, {"name": (before["name"], None)})


async def _lock(ctx: Ctx, tag_id: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select t.version, t.name, t.reference, t.reference_origin, t.metadata from tag t
        where t.tenant_id = $1 and t.id = $2 for update
        """,
        ctx.tenant_id,
        tag_id,
    )
    if row is None:
        raise NotFound("tag", tag_id)
    check_version(row["version"], expect)
    return row


async def _record(ctx: Ctx, topic: str, tag_id: int, changes: events.Changes) -> None:
    await events.record(ctx, topic, subject=f"tag/{tag_id}", changes=changes)
