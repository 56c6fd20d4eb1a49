"""Who is in the segments that have rules: brings memberships in line with the data, for some accounts at a time.

One process at a time works on a tenant: it holds the tenant's row of `rule_clock`. Accounts are looked at by a
statement that begins after that, so what was committed before is seen, and what is committed later left its own mark in
`account_change`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import PatronError, Retry
from patron.kernel.query import Fields, Some
from patron.kernel.sql import Statement
from patron.segments import fields as rule_fields
from patron.segments.rules import Rule, crossing, from_json, moving, needs, order, value_count

CHANGES_AT_ONCE = 500
VALUES_AT_ONCE_MAX = 5_000
RULES_AT_ONCE_MAX = 100
OVERLAP = timedelta(seconds=60)  # clocks of several machines differ
BY = "rule"


class Scope(NamedTuple):
    """The accounts that are looked at: the condition over `{}`, an account's id, and its values from `$2` on."""

    condition: str
    values: tuple[object, ...]


def these(account_ids: Sequence[int]) -> Scope:
    """Some accounts by their ids."""
    return Scope("{} = any($2::bigint[])", (list(account_ids),))


def between(after: int, upto: int) -> Scope:
    """A slice of all accounts, in the order of their ids."""
    return Scope("{} > $2::bigint and {} <= $3::bigint", (after, upto))


class TroubleError(Exception):
    """Rules that could not be evaluated over some accounts, for a reason that will not pass by itself."""

    def __init__(self, rules: Sequence[Rule], scope: Scope) -> None:
        super().__init__("rules cannot be evaluated")
        self.rules, self.scope = rules, scope


class Move(msgspec.Struct, frozen=True):
    """An account that joined a segment, or left it."""

    account_id: int
    segment_id: int
    joined: bool


async def hold(ctx: Ctx) -> bool:
    """Take the tenant for this transaction; False when another process has it, or when there are no rules."""
    return bool(
        await ctx.db.value("select true from rule_clock where tenant_id = $1 for update skip locked", ctx.tenant_id)
    )


async def rules_at_work(ctx: Ctx) -> list[Rule]:
    """The rules that say who is in their segments; those that failed rest."""
    rows = await ctx.db.fetch(
        """
        select r.segment_id, s.name, r.tree from segment_rule r
        join segment s on s.tenant_id = $1 and s.id = r.segment_id
        where r.tenant_id = $1 and r.state <> 'failed' order by r.segment_id
        """,
        ctx.tenant_id,
    )
    return [Rule(row["segment_id"], row["name"], from_json(row["tree"])) for row in rows]


async def follow_changes(ctx: Ctx) -> int:
    """Evaluate the accounts that changed first, in one transaction. Answers how many changes that were."""
    async with ctx.db.transaction():
        if not await hold(ctx):
            return 0
        changes = await ctx.db.fetch(
            "select id, account_id from account_change where tenant_id = $1 order by id limit $2",
            ctx.tenant_id,
            CHANGES_AT_ONCE,
        )
        if changes:
            await settle(ctx, await rules_at_work(ctx), these(sorted({row["account_id"] for row in changes})))
            await ctx.db.execute(
                "delete from account_change where tenant_id = $1 and id = any($2)",
                ctx.tenant_id,
                [row["id"] for row in changes],
            )
            await ctx.db.execute("update rule_clock set evaluated_at = $2 where tenant_id = $1", ctx.tenant_id, ctx.now)
        return len(changes)


async def settle(ctx: Ctx, rules: Sequence[Rule], scope: Scope) -> list[Move]:
    """Make the members among these accounts those that the rules say, and tell of every move.

    Segments that others build on come first; one statement serves very many rules. Raises TroubleError.
    """
    by_id = {rule.segment_id: rule for rule in rules}
    moves: list[Move] = []
    try:
        fields = await rule_fields.of_rules(ctx, [rule.tree for rule in rules])
        for level in order({rule.segment_id: needs(rule.tree) for rule in rules}):
            for some in _portions([by_id[segment_id] for segment_id in level]):
                moves += await _move(ctx, some, fields, scope)
    except (PatronError, Retry):
        raise  # a matter of the moment: the job comes again
    except Exception as error:
        raise TroubleError(rules, scope) from error
    await _tell(ctx, by_id, moves)
    return moves


def _portions(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """So many rules as go well into one statement, which has room for some thousand values."""
    portion: list[Rule] = []
    room = VALUES_AT_ONCE_MAX
    for rule in rules:
        size = value_count(rule.tree)
        if portion and (size > room or len(portion) == RULES_AT_ONCE_MAX):
            yield portion
            portion, room = [], VALUES_AT_ONCE_MAX
        portion.append(rule)
        room -= size
    if portion:
        yield portion


async def _move(ctx: Ctx, rules: Sequence[Rule], fields: Fields, scope: Scope) -> list[Move]:
    """One scan of the accounts asks every rule; the difference to the present members is written."""
    statement = Statement(ctx.tenant_id, *scope.values, now=ctx.now, for_few=True)
    verdicts = ", ".join(
        f"case when {statement.where(rule.tree, fields)} then {rule.segment_id}::bigint end" for rule in rules
    )
    ids = statement.bind([rule.segment_id for rule in rules], "bigint[]")
    now, by = statement.bind(ctx.now, "timestamptz"), statement.bind(BY, "text")
    rows = await ctx.db.fetch(
        f"""
        with seen as materialized (
            select a.id as account_id, array[{verdicts}] as found from account a
            where a.tenant_id = $1 and {of(scope, "a.id")}
        ), meant as materialized (
            select s.account_id, f.segment_id from seen s cross join lateral unnest(s.found) as f (segment_id)
            where f.segment_id is not null
        ), gone as (
            delete from segment_member m
            where m.tenant_id = $1 and m.segment_id = any({ids}) and {of(scope, "m.account_id")}
              and not exists (select from meant x where x.account_id = m.account_id and x.segment_id = m.segment_id)
            returning m.account_id, m.segment_id
        ), come as (
            insert into segment_member (tenant_id, segment_id, account_id, kind, since_at, added_by)
            select $1, x.segment_id, x.account_id, 'segment', {now}, {by} from meant x
            order by x.segment_id, x.account_id
            on conflict (tenant_id, segment_id, account_id) do nothing
            returning account_id, segment_id
        )
        select account_id, segment_id, true as joined from come
        union all select account_id, segment_id, false from gone
        """,
        *statement.args,
    )
    return [Move(*row) for row in rows]


def of(scope: Scope, account_id: str) -> str:
    """The condition that an account, by the SQL of its id, is in the scope."""
    return scope.condition.replace("{}", account_id)


async def _tell(ctx: Ctx, rules: Mapping[int, Rule], moves: Sequence[Move]) -> None:
    """One event for each move. The accounts' answers show their segments, so their versions change."""
    if not moves:
        return
    await ctx.db.execute(
        "update account set version = version + 1 where tenant_id = $1 and id = any($2)",
        ctx.tenant_id,
        sorted({move.account_id for move in moves}),
    )
    await events.record_many(ctx, [_event(rules[move.segment_id], move) for move in moves], follows=True)


def _event(rule: Rule, move: Move) -> events.Event:
    subject = f"segment/{rule.segment_id}"
    change = (None, rule.name) if move.joined else (rule.name, None)
    return events.Event(
        "segment.joined" if move.joined else "segment.left", move.account_id, subject, {subject: change}
    )


async def follow_time(ctx: Ctx, *, seconds: float) -> int:
    """Mark the accounts that may have come over a date since the last time, if that is `seconds` ago.

    A comparison with a moment that moves changes its answer only for rows whose time lies between where that moment
    was and where it is now. Answers how many accounts these were.
    """
    async with ctx.db.transaction():
        since = await ctx.db.value(
            """
            select dates_at from rule_clock
            where tenant_id = $1 and dates_at <= $2::timestamptz - make_interval(secs => $3) for update skip locked
            """,
            ctx.tenant_id,
            ctx.now,
            seconds,
        )
        if since is None:
            return 0
        marked = await _mark_crossings(ctx, since - OVERLAP)
        await ctx.db.execute("update rule_clock set dates_at = $2 where tenant_id = $1", ctx.tenant_id, ctx.now)
        return marked


async def _mark_crossings(ctx: Ctx, since: datetime) -> int:
    trees = [rule.tree for rule in await rules_at_work(ctx)]
    crossings = {crossing(one, since, ctx.now) for tree in trees for one in moving(tree)}
    if not crossings:
        return 0
    statement = Statement(ctx.tenant_id, ctx.now, now=ctx.now)
    where = statement.where(Some(tuple(sorted(crossings, key=repr))), await rule_fields.of_rules(ctx, trees))
    return await ctx.db.execute(
        f"""
        insert into account_change (tenant_id, account_id, at)
        select $1, a.id, $2::timestamptz from account a where a.tenant_id = $1 and {where}
        """,
        *statement.args,
    )
