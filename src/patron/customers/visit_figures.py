"""What a shop's visits add up to, per day or week: computed when asked (docs/decisions/0022).

A visitor is an account, else a user, else a session. New is who never came before, as far back as visits are kept; a
visit has converted if an order names it. Segments are those of today.
"""

from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import BadAsk
from patron.kernel.query import Filter
from patron.kernel.sql import Statement
from patron.kernel.values import name_key
from patron.visits.queries import FIELDS

DAYS_MAX = 400
ROWS_MAX = 5_000
VISITS_MAX = 3_000_000  # about what can be added up before the time of a statement is over

Per = Literal["day", "week"]
# What can be told apart → the SQL for it.
BY = {"site": "v.site_id", "channel": "v.kind", "device": "v.device", "segment": "g.code"}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """From the first to the last day, both included, as days go in a time zone; weeks begin on Monday.

    `by` is what is told apart, of `BY`; `segment` is the code of the only segment that counts.
    """

    first: date
    last: date
    per: Per = "day"
    zone: str = "UTC"
    by: tuple[str, ...] = ()
    segment: str | None = None
    filter: Filter | None = None


class Figures(msgspec.Struct, frozen=True):
    """Visits of a day or week, or of all of them. `parts` are the values of what is told apart."""

    start: date | None
    parts: dict[str, object]
    visits: int
    visitors: int
    new_visitors: int
    converted: int


class Found(msgspec.Struct, frozen=True):
    """The answer. There is no total where segments are told apart: a visit may count in several."""

    rows: list[Figures]
    total: Figures | None


# The inner ids of visits that orders name: the name is that id, or leads to it.
_SOLD = """select coalesce(k.id, t.visit_id::uuid) from account_transaction t
        left join visit_key k on k.tenant_id = $1 and k.key = t.visit_id
        where t.tenant_id = $1 and t.visit_id is not null and t.kind = 'Order'
          and (k.id is not null or t.visit_id ~ '^[0-9a-f]{32}$')"""
_MEMBERS = """join segment_member m on m.tenant_id = $1 and m.account_id = v.account_id
            join segment g on g.tenant_id = $1 and g.id = m.segment_id"""
_SUMS = """sum(c.visits)::bigint, count(*), count(*) filter (where w.first_at >= {since}), sum(c.converted)::bigint
        from {source} c left join visitor w on w.tenant_id = $1 and w.id = c.visitor"""


async def figures(ctx: Ctx, asked: Question) -> Found:
    """What the visits add up to, in the order of time; the total is the last row of the same statement.

    Raises BadAsk for a question that is too wide or makes no sense.
    """
    since, until = await _span(ctx, asked)
    statement = Statement(ctx.tenant_id, since, until, asked.per, asked.zone)
    parts = "".join(f", {BY[name]}" for name in asked.by)
    named = "".join(f", {BY[name]} as {name}" for name in asked.by)
    groups = "".join(f", c.{name}" for name in asked.by)
    members, more = _narrowed(statement, asked)
    sql = f"""
        with came as materialized (
            select date_trunc($4, v.at, $5) as start_at, v.visitor{named}, count(*) as visits,
                   count(*) filter (where v.id in ({_SOLD})) as converted
            from visit v {members} where v.tenant_id = $1 and v.at >= $2 and v.at < $3 {more}
            group by date_trunc($4, v.at, $5), v.visitor{parts}
        ), visitors as (
            select c.visitor, sum(c.visits) as visits, sum(c.converted) as converted from came c group by c.visitor
        )
        (select (c.start_at at time zone $5)::date{groups}, {_SUMS.format(since="c.start_at", source="came")}
         group by c.start_at{groups} order by c.start_at{groups} limit {ROWS_MAX + 1})
        union all
        select null{", null" * len(asked.by)}, {_SUMS.format(since="$2", source="visitors")}
    """
    *rows, total = [_figures(row, asked) for row in await ctx.db.fetch(sql, *statement.args)]
    if len(rows) > ROWS_MAX:
        raise BadAsk("by", f"gives more than {ROWS_MAX} rows: ask for less time or fewer parts")
    return Found(rows, None if "segment" in asked.by else total)


def _narrowed(statement: Statement, asked: Question) -> tuple[str, str]:
    """The segments of who came, where they matter, and which visits count. An account is in a segment once, so with
    one segment alone no visit counts twice.
    """
    members = more = ""
    if "segment" in asked.by or asked.segment is not None:
        members = _MEMBERS
    if asked.segment is not None:
        more += f" and g.code_key = {statement.bind(name_key(asked.segment), 'text')}"
    if asked.filter is not None:
        more += f" and {statement.where(asked.filter, FIELDS)}"
    return members, more


def _figures(row: Row, asked: Question) -> Figures:
    start, *parts = row[: len(asked.by) + 1]
    visits, visitors, new_visitors, converted = row[len(asked.by) + 1 :]
    return Figures(
        start, dict(zip(asked.by, parts, strict=True)), visits or 0, visitors, new_visitors or 0, converted or 0
    )


async def _span(ctx: Ctx, asked: Question) -> tuple[datetime, datetime]:
    """When the first day begins and the last one ends. Raises BadAsk."""
    if not 0 <= (asked.last - asked.first).days < DAYS_MAX:
        raise BadAsk("to", f"is 0 to {DAYS_MAX - 1} days after from")
    row = await ctx.db.row(
        """
        select s.since, s.until, (select coalesce(sum(n.visits), 0) from visit_count n where n.tenant_id = $1
               and n.month_at > s.since - interval '31 days' and n.month_at < s.until) as visits
        from pg_timezone_names z cross join lateral (
            select $3::date::timestamp at time zone z.name as since, $4::date::timestamp at time zone z.name as until
        ) s where lower(z.name) = lower($2)
        """,
        ctx.tenant_id,
        asked.zone,
        asked.first,
        asked.last + timedelta(days=1),
    )
    if row is None:
        raise BadAsk("timeZone", "is no time zone, such as Europe/Berlin")
    if row["visits"] > VISITS_MAX:
        raise BadAsk("from", f"asks about more than {VISITS_MAX:,} visits: ask for less time")
    return row["since"], row["until"]
