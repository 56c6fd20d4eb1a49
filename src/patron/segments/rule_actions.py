"""Changes of rules: save, remove, fill anew. They answer at once; the worker fills the segment."""

from collections.abc import Mapping

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.query import Compare, Every, Field, Filter, Not, Some
from patron.kernel.values import ID_MAX, name_key
from patron.segments import actions, fields, queries
from patron.segments.model import Details, Segment
from patron.segments.rules import (
    CODE,
    LEVELS_MAX,
    SEGMENT,
    checked,
    compares,
    from_json,
    needs,
    order,
    to_json,
    values_of,
)

RULES_MAX = 500


async def create(ctx: Ctx, details: Details, tree: Filter | None = None) -> Segment:
    """A new segment, with a rule if one is given. Raises Invalid, Taken."""
    segment = await actions.create(ctx, details)
    if tree is None:
        return segment
    await save(ctx, segment.id, tree)
    return await queries.get(ctx, segment.id)


async def update(
    ctx: Ctx, segment_id: int, details: Details, tree: Filter | None = None, *, expect: frozenset[int] | None = None
) -> Segment:
    """Replace what a segment is called, and its rule if one is given that is another one.

    Raises as `actions.update` and `save` do.
    """
    if tree is None:
        return await actions.update(ctx, segment_id, details, expect=expect)
    await actions.hold_rules(ctx)
    segment = await actions.update(ctx, segment_id, details, expect=expect)
    stored = await ctx.db.value(
        "select tree from segment_rule where tenant_id = $1 and segment_id = $2", ctx.tenant_id, segment_id
    )
    if stored is not None and from_json(stored) == tree:
        return segment
    await save(ctx, segment_id, tree)
    return await queries.get(ctx, segment_id)


async def save(ctx: Ctx, segment_id: int, tree: Filter, *, expect: frozenset[int] | None = None) -> None:
    """Give a segment a rule, or another one. Its members follow it from now on; they stay until it is filled.

    Raises NotFound, Stale, Invalid for a rule that cannot be or goes round in a circle, Refused for a group.
    """
    await actions.hold_rules(ctx)
    segment = await actions.lock(ctx, segment_id)
    check_version(segment.version, expect)
    if segment.kind == "group":
        raise Refused("group_without_rule", "A group cannot have a rule.")
    tree = await prepared(ctx, tree)
    await _check_others(ctx, segment, tree)
    await ctx.db.execute(
        "insert into rule_clock (tenant_id, dates_at) values ($1, $2) on conflict (tenant_id) do nothing",
        ctx.tenant_id,
        ctx.now,
    )
    before = await ctx.db.row(
        "select tree from segment_rule where tenant_id = $1 and segment_id = $2", ctx.tenant_id, segment_id
    )
    await ctx.db.execute(
        """
        insert into segment_rule (tenant_id, segment_id, tree, saved_at, saved_by, state, after_xid)
        values ($1, $2, $3, $4, $5, 'filling', pg_current_xact_id()::text::bigint)
        on conflict (tenant_id, segment_id) do update
        set tree = excluded.tree, saved_at = excluded.saved_at, saved_by = excluded.saved_by, state = 'filling',
            after_xid = excluded.after_xid, next_id = 0, last_id = null, done = 0, retry_at = null, error = null
        """,
        ctx.tenant_id,
        segment_id,
        to_json(tree),
        ctx.now,
        ctx.actor.name,
    )
    await ctx.db.execute("delete from segment_need where tenant_id = $1 and segment_id = $2", ctx.tenant_id, segment_id)
    await ctx.db.execute(
        """
        insert into segment_need (tenant_id, segment_id, needs_id)
        select $1, $2, given.id from unnest($3::bigint[]) as given (id)
        """,
        ctx.tenant_id,
        segment_id,
        sorted(needs(tree)),
    )
    await _changed(ctx, segment_id, before["tree"] if before else None, to_json(tree))


async def remove(ctx: Ctx, segment_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Let a segment be kept by hand again; its members stay. Raises NotFound, Stale."""
    await actions.hold_rules(ctx)
    segment = await actions.lock(ctx, segment_id)
    check_version(segment.version, expect)
    row = await ctx.db.row(
        "delete from segment_rule where tenant_id = $1 and segment_id = $2 returning tree", ctx.tenant_id, segment_id
    )
    if row is None:
        raise NotFound("rule of segment", segment_id)
    await _changed(ctx, segment_id, row["tree"], None)
    await actions.tidy_rules(ctx)


async def prepared(ctx: Ctx, tree: Filter) -> Filter:
    """A rule as it is evaluated: checked, and with the segments that it asks about by their ids. Raises Invalid."""
    known = {**await fields.of_rules(ctx, [tree]), CODE: Field("s.code")}
    tree = checked(tree, known)
    codes = {name_key(str(code)) for one in compares(tree) if one.field == CODE for code in values_of(one)}
    rows = await ctx.db.fetch(
        """
        select id, code_key from segment
        where tenant_id = $1 and (id = any($2::bigint[]) or code_key = any($3::text[]))
        """,
        ctx.tenant_id,
        [number for number in needs(tree) if 0 < number <= ID_MAX],
        sorted(codes),
    )
    ids = {row["code_key"]: row["id"] for row in rows}
    unknown = sorted(codes - ids.keys()) + sorted(needs(tree) - set(ids.values()))
    if unknown:
        raise Invalid.field("rule", f"knows no segment {unknown[0]}")
    return _by_ids(tree, ids)


def _by_ids(node: Filter, ids: Mapping[str, int]) -> Filter:
    """The rule with ids of segments where it named codes: it stays true when a code is changed."""
    match node:
        case Every(parts) | Some(parts):
            return type(node)(tuple(_by_ids(part, ids) for part in parts))
        case Not(part):
            return Not(_by_ids(part, ids))
        case Compare(field, op, value) if field == CODE:
            found = tuple(ids[name_key(str(code))] for code in values_of(node))
            return Compare(SEGMENT, op, found if isinstance(value, tuple) else found[0])
    return node


async def _check_others(ctx: Ctx, segment: Segment, tree: Filter) -> None:
    """The rule among the tenant's others: not too many, no circle, not too many on top of each other."""
    rows = await ctx.db.fetch(
        """
        select r.segment_id, array_remove(array_agg(n.needs_id), null) as needs from segment_rule r
        left join segment_need n on n.tenant_id = $1 and n.segment_id = r.segment_id
        where r.tenant_id = $1 group by r.segment_id
        """,
        ctx.tenant_id,
    )
    needed = {row["segment_id"]: set(row["needs"]) for row in rows} | {segment.id: needs(tree)}
    if len(needed) > RULES_MAX:
        raise Refused("too_many_rules", f"At most {RULES_MAX} segments may have rules.")
    if len(order(needed)) > LEVELS_MAX:
        raise Invalid.field("rule", f"builds on rules that build on others: at most {LEVELS_MAX} levels")


async def _changed(ctx: Ctx, segment_id: int, before: object, after: object) -> None:
    """The rule is part of what is shown of the segment."""
    await ctx.db.execute(
        """
        update segment set version = version + 1, updated_at = $3, updated_by = $4 where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        segment_id,
        ctx.now,
        ctx.actor.name,
    )
    await events.record(ctx, "segment.updated", subject=f"segment/{segment_id}", changes={"rule": (before, after)})
