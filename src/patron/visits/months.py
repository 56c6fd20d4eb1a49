"""The partitions of the table of visits, one a month of UTC: made ahead, made when needed, dropped with their end.

A request makes none inside its transaction: `ready` runs before it. The lock that making one takes lets everybody
read and write; dropping one stops visits for the moment that it takes, and gives way rather than make others wait.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from patron.kernel.db import Session
from patron.kernel.errors import Locked

AHEAD = 3  # months that are there before they begin


class Partition(msgspec.Struct, frozen=True):
    """A month of visits, of all tenants: about how many there are, and how much room they take with their indexes."""

    month: datetime
    visits: int
    bytes: int


def month_of(at: datetime) -> datetime:
    """The beginning of the month of a moment, in UTC."""
    at = at.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def months_after(month: datetime, count: int) -> datetime:
    """The beginning of the month so many months later, or earlier if `count` is below zero."""
    place = month.year * 12 + month.month - 1 + count
    return datetime(place // 12, place % 12 + 1, 1, tzinfo=UTC)


def oldest_kept(now: datetime, months: int) -> datetime:
    """Where the past ends for a tenant that keeps visits for so many months beside the present one."""
    return months_after(month_of(now), -months)


async def ready(db: Session, moments: Iterable[datetime], now: datetime) -> None:
    """See to it that visits at these moments have a place. Call it outside a transaction.

    What was found is remembered for the present and later months only: those cannot be dropped meanwhile.
    """
    present = month_of(now)
    wanted = {month_of(at) for at in moments}
    unknown = sorted(month for month in wanted if (__name__, month) not in db.known)
    if unknown:
        await make(db, unknown)
        db.known.update((__name__, month) for month in unknown if month >= present)


async def make_ahead(db: Session, now: datetime) -> list[datetime]:
    """Make the partitions of this month and of those to come. Answers which were not there yet."""
    present = month_of(now)
    return await make(db, [months_after(present, count) for count in range(AHEAD + 1)])


async def make(db: Session, months: list[datetime]) -> list[datetime]:
    """Make the partitions of some months. Answers which were not there yet."""
    if not await _missing(db, months):
        return []
    async with db.transaction():
        # The lock that attaching takes anyway: who comes second waits, and then finds the partition there.
        await db.execute("lock table visit in share update exclusive mode")
        missing = await _missing(db, months)
        for month in missing:
            await db.execute(f"create table {_name(month)} (like visit including all)")
            await db.execute(
                f"alter table visit attach partition {_name(month)}"
                f" for values from ('{month.isoformat()}') to ('{months_after(month, 1).isoformat()}')"
            )
    return missing


async def _missing(db: Session, months: list[datetime]) -> list[datetime]:
    rows = await db.fetch(
        "select name from unnest($1::text[]) as given (name) where to_regclass(name) is null",
        [_name(month) for month in months],
    )
    names = {row["name"] for row in rows}
    return [month for month in months if _name(month) in names]


async def partitions(db: Session) -> list[Partition]:
    """All months that there are, the newest first. The numbers of visits are PostgreSQL's estimates."""
    rows = await db.fetch(
        """
        select c.relname, greatest(c.reltuples, 0)::bigint as visits, pg_total_relation_size(c.oid) as bytes
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = to_regclass('visit') order by c.relname desc
        """
    )
    return [Partition(_month(row["relname"]), row["visits"], row["bytes"]) for row in rows]


async def drop_before(db: Session, month: datetime) -> list[datetime]:
    """Drop the partitions of all months before this one. Answers which went; one that is in use stays for next time."""
    dropped = []
    for one in reversed(await partitions(db)):
        if one.month < month:
            try:
                async with db.transaction():
                    await db.execute("set local lock_timeout = '300ms'")
                    await db.execute(f"drop table {_name(one.month)}")
            except Locked:
                break
            dropped.append(one.month)
    return dropped


def _name(month: datetime) -> str:
    return f"visit_{month:%Y_%m}"


def _month(name: str) -> datetime:
    _, year, month = name.split("_")
    return datetime(int(year), int(month), 1, tzinfo=UTC)
