"""Changes of visits. What a visit means for its account and its transactions is the concern of the slice `customers`.

New visits lock in one order: keys, accounts, counters, visitors; each kind in the order of its ids.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from patron.kernel.context import Ctx
from patron.visits.ids import read_id
from patron.visits.model import Visit
from patron.visits.months import month_of

_SLOTS = 16  # of visit_count

# Column of the table → type, in the order of the fields of Visit; `version` is 1 in the beginning.
_TYPES = {
    "id": "uuid",
    "key": "text",
    "at": "timestamptz",
    "kind": "text",
    "account_id": "bigint",
    "user_id": "text",
    "site_id": "bigint",
    "session_id": "text",
    "referrer": "text",
    "user_agent": "text",
    "browser_location": "text",
    "location": "text",
    "device": "text",
    "visitor": "bigint",
}
_COLUMNS = ", ".join(_TYPES)
_GIVEN = ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(_TYPES.values(), start=3))
_VALUES = [attrgetter(name) for name in _TYPES]


async def claim(ctx: Ctx, visits: Sequence[Visit]) -> set[str]:
    """Take the ids that callers gave to these visits. Answers those that were free; the others are somebody's.

    An id of the form of ours may be one that we gave to a visit ourselves: it is looked for where it says.
    """
    ordered = sorted(visits, key=lambda visit: visit.key or "")
    places = [read_id(visit.key or "") for visit in ordered]
    rows = await ctx.db.fetch(
        """
        insert into visit_key (tenant_id, key, id, at)
        select $1, g.key, g.id, g.at
        from unnest($2::text[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::timestamptz[])
            with ordinality as g (key, id, at, ours, ours_at, place)
        where not exists (select from visit v where v.tenant_id = $1 and v.at = g.ours_at and v.id = g.ours)
        order by g.place on conflict (tenant_id, key) do nothing returning key
        """,
        ctx.tenant_id,
        [visit.key for visit in ordered],
        [visit.id for visit in ordered],
        [visit.at for visit in ordered],
        [place and place[0] for place in places],
        [place and place[1] for place in places],
    )
    return {row["key"] for row in rows}


async def insert(ctx: Ctx, visits: Sequence[Visit]) -> None:
    """Write new visits, count them by month, and note who came. All travels in one statement before the commit."""
    await ctx.db.write(
        f"insert into visit (tenant_id, recorded_at, {_COLUMNS}) select $1, $2, g.* from unnest({_GIVEN}) as g",
        ctx.tenant_id,
        ctx.now,
        *([value(visit) for visit in visits] for value in _VALUES),
    )
    await _count(ctx, Counter(month_of(visit.at) for visit in visits))
    await _note(ctx, visits)


async def _count(ctx: Ctx, months: Mapping[datetime, int]) -> None:
    """Count visits, more or fewer, by their months."""
    ordered = sorted(months.items())
    await ctx.db.write(
        """
        insert into visit_count as n (tenant_id, month_at, slot, visits)
        select $1, m.month_at, $2, m.visits from unnest($3::timestamptz[], $4::bigint[]) as m (month_at, visits)
        on conflict (tenant_id, month_at, slot) do update set visits = n.visits + excluded.visits
        """,
        ctx.tenant_id,
        secrets.randbelow(_SLOTS),
        [month for month, _ in ordered],
        [visits for _, visits in ordered],
    )


async def _note(ctx: Ctx, visits: Sequence[Visit]) -> None:
    """Note when the visitors of these visits came first and last. One who came before costs no write the same day."""
    moments: dict[int, list[datetime]] = defaultdict(list)
    for visit in visits:
        moments[visit.visitor].append(visit.at)
    visitors = sorted(moments)
    await ctx.db.write(
        """
        insert into visitor as w (tenant_id, id, first_at, last_at)
        select $1, s.id, s.first_at, s.last_at
        from unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[]) as s (id, first_at, last_at)
        on conflict (tenant_id, id) do update
        set first_at = least(w.first_at, excluded.first_at), last_at = greatest(w.last_at, excluded.last_at)
        where excluded.first_at < w.first_at or excluded.last_at > w.last_at + interval '1 day'
        """,
        ctx.tenant_id,
        visitors,
        [min(moments[visitor]) for visitor in visitors],
        [max(moments[visitor]) for visitor in visitors],
    )


async def move(ctx: Ctx, before: Visit, after: Visit) -> None:
    """Write a changed visit, which the caller has locked; its months' counters and its place under its name follow."""
    await ctx.db.execute(
        """
        update visit set version = version + 1, at = $4, kind = $5, account_id = $6, user_id = $7, site_id = $8,
               session_id = $9, referrer = $10, user_agent = $11, browser_location = $12, location = $13,
               device = $14, visitor = $15
        where tenant_id = $1 and at = $2 and id = $3
        """,
        *(ctx.tenant_id, before.at, before.id, after.at, after.kind, after.account_id),
        *(after.user_id, after.site_id, after.session_id, after.referrer, after.user_agent),
        *(after.browser_location, after.location, after.device, after.visitor),
    )
    if after.at != before.at:
        await ctx.db.write(
            """
            insert into visit_key (tenant_id, key, id, at) values ($1, $2, $3, $4)
            on conflict (tenant_id, key) do update set at = excluded.at
            """,
            ctx.tenant_id,
            after.name,
            after.id,
            after.at,
        )
    if month_of(after.at) != month_of(before.at):
        await _count(ctx, {month_of(before.at): -1, month_of(after.at): 1})
    if after.visitor != before.visitor or after.at != before.at:
        await _note(ctx, [after])


async def forget(ctx: Ctx, account_id: int, visitor: int) -> None:
    """Take the traces of a person out of the visits of an account that is about to be removed.

    The visits stay for the shop's figures, as those of somebody under another number. The account is locked.
    """
    somebody = secrets.randbelow(2**63)
    await ctx.db.execute(
        """
        update visit set version = version + 1, account_id = null, user_id = null, session_id = null, referrer = null,
               user_agent = null, browser_location = null, visitor = $3
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        somebody,
    )
    await ctx.db.execute(
        "update visitor set id = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, visitor, somebody
    )
