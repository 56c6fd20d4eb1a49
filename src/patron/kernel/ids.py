"""Numbers for new rows, drawn ahead from the sequences of the database.

Who knows the id of a row before it is written can write it together with what names it. A number that is drawn and not
used is a gap, nothing else.
"""

from patron.kernel.db import Session

DRAWN_AT_ONCE = 64


async def take(db: Session, table: str, count: int) -> list[int]:
    """`count` numbers for the `id` of a table, rising."""
    drawn = db.drawn.setdefault(table, [])
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
        count,
    )
    return drawn
