"""Fills segments by their rules, slice by slice in the order of the accounts' ids.

How far it came stands in the row of the rule, written in the transaction of the slice: whoever comes next goes on from
there, whatever happened to the process before. Rules that stand at the same place are filled together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from patron.accounts import queries as accounts
from patron.kernel.context import Ctx
from patron.kernel.db import Row, Session
from patron.segments.evaluation import Move, between, hold, settle
from patron.segments.rules import Rule, from_json

ACCOUNTS_AT_ONCE = 5_000
Place = Row | Mapping[str, Any]  # how far rules are

RULES_AT_ONCE = 50
LOOKS_AT_ONCE = 50_000  # accounts times rules: a slice is a matter of some tenths of a second


async def fill_some(ctx: Ctx, *, size: int = ACCOUNTS_AT_ONCE) -> int:
    """Fill a slice of the segments whose rules were saved first, in one transaction.

    Answers how many accounts were looked at; 0 when there is nothing to fill at the moment. Raises TroubleError.
    """
    await _begin(ctx)
    async with ctx.db.transaction():
        if not await hold(ctx):
            return 0
        rows = await _next(ctx)
        if not rows:
            return 0
        after, last = rows[0]["next_id"], rows[0]["last_id"]
        slice_ = await ctx.db.row(
            """
            select coalesce(max(x.id), $3::bigint) as upto, count(*) as size from (
                select a.id from account a where a.tenant_id = $1 and a.id > $2 and a.id <= $3 order by a.id limit $4
            ) x
            """,
            ctx.tenant_id,
            after,
            last,
            min(size, max(LOOKS_AT_ONCE // len(rows), 1)),
        )
        assert slice_ is not None
        rules = [Rule(row["segment_id"], row["name"], from_json(row["tree"])) for row in rows]
        moves = await settle(ctx, rules, between(after, slice_["upto"]))
        await _mark_dependents(ctx, moves)
        await _keep(ctx, rules, rows[0], slice_)
        return int(slice_["size"]) or 1


async def fill_now(ctx: Ctx) -> None:
    """Fill all segments of a tenant in the open transaction: for one that nobody else works with yet."""
    await _begin(ctx, alone=True)
    while await fill_some(ctx):
        pass


async def fill_anew(db: Session, tenant_id: int) -> None:
    """Have the worker fill all segments of a tenant again, after rows were written that left no marks (COPY)."""
    await db.execute(
        """
        update segment_rule set state = 'filling', last_id = null, after_xid = pg_current_xact_id()::text::bigint
        where tenant_id = $1
        """,
        tenant_id,
    )


async def _begin(ctx: Ctx, *, alone: bool = False) -> None:
    """Begin with the rules whose time has come: every transaction is over that may not have known of them.

    Such a transaction left no mark at the accounts that it changed, if the rule was the tenant's first.
    """
    await ctx.db.execute(
        f"""
        update segment_rule set next_id = 0, done = 0, total = {accounts.counted()}, last_id = coalesce(
            (select a.id from account a where a.tenant_id = $1 order by a.id desc limit 1), 0)
        where tenant_id = $1 and state = 'filling' and last_id is null
          and ($2 or after_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
        """,
        ctx.tenant_id,
        alone,
    )


async def _next(ctx: Ctx) -> Sequence[Row]:
    """The rule that was saved first of those to be filled, and the others that stand where it stands."""
    return await ctx.db.fetch(
        """
        with first as (
            select r.next_id, r.last_id from segment_rule r
            where r.tenant_id = $1 and r.state = 'filling' and r.last_id is not null order by r.saved_at, r.segment_id
            limit 1
        )
        select r.segment_id, s.name, r.tree, r.next_id, r.last_id from first f
        join segment_rule r on r.tenant_id = $1 and r.next_id = f.next_id and r.last_id = f.last_id
        join segment s on s.tenant_id = $1 and s.id = r.segment_id
        where r.state = 'filling' order by r.saved_at, r.segment_id limit $2
        """,
        ctx.tenant_id,
        RULES_AT_ONCE,
    )


async def _mark_dependents(ctx: Ctx, moves: Sequence[Move]) -> None:
    """Rules that build on these segments look at the accounts that moved."""
    if moves:
        await ctx.db.execute(
            """
            insert into account_change (tenant_id, account_id, at)
            select $1, g.account_id, $4::timestamptz
            from unnest($2::bigint[], $3::bigint[]) as g (account_id, segment_id)
            where exists (select from segment_need n where n.tenant_id = $1 and n.needs_id = g.segment_id)
            group by g.account_id order by g.account_id
            """,
            ctx.tenant_id,
            [move.account_id for move in moves],
            [move.segment_id for move in moves],
            ctx.now,
        )


async def _keep(ctx: Ctx, rules: Sequence[Rule], stood: Place, slice_: Place) -> None:
    """Note how far it came, at the rules that stand where they `stood`: others were saved anew meanwhile."""
    await ctx.db.execute(
        """
        update segment_rule set next_id = $3, done = done + $4, state = case when $5 then 'ready' else state end,
               total = case when $5 then done + $4 else greatest(total, done + $4) end,
               filled_at = case when $5 then $6 else filled_at end, error = case when $5 then null else error end
        where tenant_id = $1 and segment_id = any($2) and next_id = $7 and last_id = $8
        """,
        ctx.tenant_id,
        [rule.segment_id for rule in rules],
        slice_["upto"],
        slice_["size"],
        slice_["upto"] >= stood["last_id"],
        ctx.now,
        stood["next_id"],
        stood["last_id"],
    )
