"""Writes made-up customers with COPY, block by block: flat memory, and what was interrupted can be run again."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from patron.demo.choices import Choices
from patron.demo.comings import MONTHS_BACK
from patron.demo.drawing import BLOCK, external_id, people
from patron.demo.people import Person
from patron.demo.rows import COLUMNS, Rows, Target, needed
from patron.kernel import ids
from patron.kernel.db import Database, Session
from patron.segments.filling import fill_anew
from patron.visits import months

LANES = 2  # blocks on their way at once: one is drawn while PostgreSQL takes in the other
SLOTS = 16  # of account_count

Span = tuple[int, int]


async def seed(
    database: Database,
    target: Target,
    choices: Choices,
    *,
    seed: int,
    count: int,
    now: datetime,
    done: Callable[[int], None] = lambda _: None,
) -> int:
    """Bring the tenant to the first `count` customers of a seed; answers how many were added.

    Each block is a transaction: after an interruption the same call adds what is missing. `done` hears how many
    customers were there already, then how many a finished block had.
    """
    spans = await missing(database.session(), target.tenant_id, seed=seed, count=count)
    added = sum(end - start for start, end in spans)
    done(count - added)
    await make_room(database.session(), now)
    waiting = iter(spans)

    async def lane() -> None:
        for start, end in waiting:
            db = database.session()
            async with db.transaction():
                await write(db, target, list(people(seed, start, end, now, choices)))
            done(end - start)

    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(lane())
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    if added:
        await fill_anew(database.session(), target.tenant_id)
    return added


async def make_room(db: Session, now: datetime) -> None:
    """Make the months that made-up visits lie in."""
    await months.make(db, [months.months_after(months.month_of(now), -back) for back in range(MONTHS_BACK + 1)])


async def missing(db: Session, tenant_id: int, *, seed: int, count: int) -> list[Span]:
    """Which of the first `count` customers of a seed the tenant lacks, cut into blocks."""
    prefix = external_id(seed, 0).partition("-")[0]
    rows = await db.fetch(
        """
        select n / $3 as block, max(n) + 1 as next from (
            select split_part(external_id, '-', 2)::bigint as n from account
            where tenant_id = $1 and external_id ~ $2
        ) as seeded group by 1
        """,
        tenant_id,
        f"^{prefix}-[0-9]{{7,12}}$",
        BLOCK,
    )
    begun = {row["block"]: row["next"] for row in rows}
    spans = []
    for block in range(-(-count // BLOCK)):
        span = begun.get(block, block * BLOCK), min(count, (block + 1) * BLOCK)
        if span[0] < span[1]:
            spans.append(span)
    return spans


async def write(db: Session, target: Target, customers: Sequence[Person]) -> list[int]:
    """Write customers inside the caller's transaction; answers the ids of their accounts."""
    numbers = {table: iter(await ids.draw(db, table, count)) for table, count in needed(customers).items()}
    rows = Rows(target, numbers)
    account_ids = [rows.add(person) for person in customers]
    for table, columns in COLUMNS.items():
        await db.copy(table, columns, rows.tables[table])
    for (customer_set, is_guest), count in sorted(rows.counted.items()):
        await db.execute(
            """
            update account_count set accounts = accounts + $4, anonymous = anonymous + $5
            where tenant_id = $1 and customer_set_code = $2 and slot = $3
            """,
            target.tenant_id,
            customer_set,
            secrets.randbelow(SLOTS),
            count,
            count if is_guest else 0,
        )
    await _count_visits(db, target.tenant_id, rows.months)
    return account_ids


async def _count_visits(db: Session, tenant_id: int, by_month: Mapping[datetime, int]) -> None:
    await db.execute(
        """
        insert into visit_count as n (tenant_id, month_at, slot, visits)
        select $1, m.month_at, $2, m.visits from unnest($3::timestamptz[], $4::bigint[]) as m (month_at, visits)
        on conflict (tenant_id, month_at, slot) do update set visits = n.visits + excluded.visits
        """,
        tenant_id,
        secrets.randbelow(SLOTS),
        sorted(by_month),
        [by_month[month] for month in sorted(by_month)],
    )
