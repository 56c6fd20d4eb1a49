"""Writes made-up customers with COPY, block by block: flat memory, and what was interrupted can be run again."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from patron.demo.choices import Choices
from patron.demo.drawing import BLOCK, external_id, people
from patron.demo.people import Person
from patron.demo.rows import COLUMNS, Rows, Target, needed
from patron.kernel import ids
from patron.kernel.db import Database, Session

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
    return added


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
    return account_ids
