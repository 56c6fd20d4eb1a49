"""Visits end after the months that a tenant keeps them. The worker's job; safe to be stopped and run again.

What is left to do shows in `visit_count`: a month's counters go last, when its visits, keys and visitors have gone.
"""

from datetime import datetime

import msgspec

from patron.kernel.db import Session
from patron.tenants import queries as tenants
from patron.tenants.model import Policy
from patron.visits import months

AT_ONCE = 5_000


class Pruned(msgspec.Struct, frozen=True):
    """What has ended: whole months of all tenants, and single visits of tenants that keep less than others."""

    months: list[datetime]
    visits: int


async def upkeep(db: Session, now: datetime) -> Pruned:
    """Make the months to come and remove what no longer is to be kept."""
    await months.make_ahead(db, now)
    return await prune(db, now)


async def prune(db: Session, now: datetime) -> Pruned:
    """Remove the visits that their tenants do not keep any longer, in small bites, tenant by tenant."""
    ends = {
        tenant.id: months.oldest_kept(now, msgspec.convert(tenant.settings, Policy).visit_months)
        for tenant in await tenants.every(db)
    }
    if not ends:
        return Pruned([], 0)
    dropped = await months.drop_before(db, min(ends.values()))
    return Pruned(dropped, sum([await _prune(db, tenant_id, end) for tenant_id, end in ends.items()]))


async def _prune(db: Session, tenant_id: int, end: datetime) -> int:
    is_due = await db.value(
        "select exists (select from visit_count where tenant_id = $1 and month_at < $2)", tenant_id, end
    )
    if not is_due:
        return 0
    removed = 0
    while gone := await _bite(db, tenant_id, end):
        removed += gone
    for rest in (
        "delete from visit_key where tenant_id = $1 and at < $2",
        "delete from visitor where tenant_id = $1 and last_at < $2",
        "delete from visit_count where tenant_id = $1 and month_at < $2",
    ):
        await db.execute(rest, tenant_id, end)
    return removed


async def _bite(db: Session, tenant_id: int, end: datetime) -> int:
    """Remove some of the oldest visits."""
    return await db.execute(
        """
        with old as (
            select v.at, v.id from visit v where v.tenant_id = $1 and v.at < $2 order by v.at, v.id limit $3
        )
        delete from visit v using old where v.tenant_id = $1 and v.at = old.at and v.id = old.id
        """,
        tenant_id,
        end,
        AT_ONCE,
    )
