"""Numbers for new rows, drawn ahead from the sequences of the database.

Who knows the id of a row before it is written can write it together with what names it. A number that is drawn and not
used is a gap, nothing else.

A database that crashes forgets a draw that was not committed, and would give its numbers out again. So what is left of
a draw belongs to its transaction until that is committed; only then may the whole process use it.
"""

from patron.kernel.db import Session

DRAWN_AT_ONCE = 64
"""PostgreSQL logs a sequence every 33rd number: of so many one is logged, and the commit waits for the disk."""


async def take(db: Session, table: str, count: int) -> list[int]:
    """`count` numbers for the `id` of a table, rising. Inside a transaction only."""
    drawn = db.drawn.setdefault(table, [])
    if len(drawn) < count:
        drawn = db.drawn_here.setdefault(table, [])
    if len(drawn) < count:
        drawn += await draw(db, table, max(count, DRAWN_AT_ONCE))
    taken, drawn[:count] = drawn[:count], []
    return taken


async def draw(db: Session, table: str, count: int) -> list[int]:
    """Numbers that nobody else will get, from the sequence itself."""
    drawn: list[int] = await db.value(
        """
        select array_agg(nextval(s.name))
        from (select pg_get_serial_sequence($1, 'id')::regclass as name offset 0) s, generate_series(1, $2)
        """,
        table,
        max(count, DRAWN_AT_ONCE),
    )
    return drawn[:count]
