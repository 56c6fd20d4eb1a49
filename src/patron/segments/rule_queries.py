"""Reads of rules: how far they are, what a rule would find, and why an account is in a segment or not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from patron.accounts import queries as accounts
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Compare, Every, Fields, Filter, Not, Some
from patron.kernel.sql import Statement, held, page
from patron.segments import fields as rule_fields
from patron.segments import queries
from patron.segments.rule_actions import prepared
from patron.segments.rules import from_json

SAMPLE_MAX = 100


class State(msgspec.Struct, frozen=True):
    """A segment's rule and how far it is. `lag_seconds`: how long the oldest change waits to be evaluated."""

    segment_id: int
    tree: Filter
    saved_at: datetime
    saved_by: str | None
    state: str
    done: int
    total: int
    evaluated_at: datetime | None
    lag_seconds: float
    error: str | None


async def states(ctx: Ctx, segment_ids: list[int]) -> dict[int, State]:
    """The rules of those segments that have one, in one statement."""
    rows = await ctx.db.fetch(
        """
        select r.segment_id, r.tree, r.saved_at, r.saved_by, r.state, r.done, r.total,
               greatest(r.filled_at, c.evaluated_at, c.dates_at) as evaluated_at,
               greatest(0, extract(epoch from $3::timestamptz - (
                   select w.at from account_change w where w.tenant_id = $1 order by w.id limit 1)))::float8 as lag,
               r.error
        from segment_rule r join rule_clock c on c.tenant_id = $1
        where r.tenant_id = $1 and r.segment_id = any($2)
        """,
        ctx.tenant_id,
        segment_ids,
        ctx.now,
    )
    return {row["segment_id"]: State(row[0], from_json(row[1]), *row[2:]) for row in rows}


async def state(ctx: Ctx, segment_id: int) -> State:
    """The rule of one segment. Raises NotFound."""
    found = (await states(ctx, [segment_id])).get(segment_id)
    if found is None:
        await queries.get(ctx, segment_id)
        raise NotFound("rule of segment", segment_id)
    return found


class Preview(msgspec.Struct, frozen=True):
    """What a rule finds at this moment: how many accounts, and the newest of them."""

    count: int
    sample: list[int]


async def preview(ctx: Ctx, tree: Filter, *, size: int) -> Preview:
    """Try a rule without saving it. Raises Invalid."""
    tree = await prepared(ctx, tree)
    listing = msgspec.structs.replace(
        accounts.LISTING,
        select="a.id",
        fields=await rule_fields.of_rules(ctx, [tree]),
        order=(),
        identity_descending=True,
    )
    found = await page(ctx, listing, Ask(filter=tree, size=size))
    return Preview(found.total, [row["id"] for row in found.items])


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a part of a rule says about an account. A comparison has its field and value, and what the account holds."""

    kind: Literal["every", "some", "not", "compare"]
    holds: bool
    compare: Compare | None = None
    held: list[object] | None = None
    parts: list["Verdict"] = []


class Explanation(msgspec.Struct, frozen=True):
    """Whether the account is in the segment, and what the rule says about it now, part by part."""

    is_member: bool
    verdict: Verdict


async def explain(ctx: Ctx, segment_id: int, account_id: int) -> Explanation:
    """Why an account is in a segment or not, in one look at the account. Raises NotFound."""
    tree = (await state(ctx, segment_id)).tree
    fields = await rule_fields.of_rules(ctx, [tree])
    statement = Statement(ctx.tenant_id, account_id, now=ctx.now)
    columns = [_columns(statement, node, fields) for node in _nodes(tree)]
    member = f"""exists (select from segment_member m where m.tenant_id = $1 and m.account_id = a.id
        and m.segment_id = {statement.bind(segment_id, "bigint")})"""
    row = await ctx.db.row(
        f"select array[{', '.join(verdict for verdict, _ in columns)}] as verdicts,"
        f" array[{', '.join(value for _, value in columns)}] as held, {member} as is_member"
        " from account a where a.tenant_id = $1 and a.id = $2",
        *statement.args,
    )
    if row is None:
        raise NotFound("account", account_id)
    verdicts, values = iter(row["verdicts"]), iter(row["held"])
    return Explanation(row["is_member"], _verdict(tree, verdicts, values))


def _nodes(node: Filter) -> Iterator[Filter]:
    """A rule's parts, each before those inside it."""
    yield node
    match node:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _nodes(part)
        case Not(part):
            yield from _nodes(part)


def _columns(statement: Statement, node: Filter, fields: Fields) -> tuple[str, str]:
    """The SQL for whether a part holds, and for what the account has in its field."""
    value = held(fields[node.field]) if isinstance(node, Compare) else "null::jsonb"
    return f"coalesce({statement.where(node, fields)}, false)", value


def _verdict(node: Filter, verdicts: Iterator[bool], values: Iterator[list[object] | None]) -> Verdict:
    """The parts of a rule with what was found of each, in the order of `_nodes`."""
    holds, value = next(verdicts), next(values)
    match node:
        case Compare():
            return Verdict(kind="compare", holds=holds, compare=node, held=value)
        case Not(part):
            return Verdict(kind="not", holds=holds, parts=[_verdict(part, verdicts, values)])
        case Every(parts) | Some(parts):
            kind: Literal["every", "some"] = "every" if isinstance(node, Every) else "some"
            return Verdict(kind=kind, holds=holds, parts=[_verdict(part, verdicts, values) for part in parts])
