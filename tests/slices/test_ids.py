"""Numbers that are drawn ahead: whole processes use what a committed transaction left over, and nothing else."""

from contextlib import suppress

import pytest

from patron.kernel import ids
from patron.kernel.db import Database, Session
from patron.kernel.errors import Invalid
from statements import Counting, Watch


async def take_and_fail(db: Session, count: int) -> list[int]:
    """Numbers of a transaction that comes to nothing."""
    taken: list[int] = []
    with suppress(Invalid):
        async with db.transaction():
            taken = await ids.take(db, "contact", count)
            raise Invalid.field("contact", "comes to nothing")
    return taken


async def test_what_a_committed_transaction_left_over_is_used_without_a_statement(
    database: Database, statements: Watch
) -> None:
    one, other = database.session(), database.session()
    async with one.transaction():
        first = await ids.take(one, "contact", 2) + await ids.take(one, "contact", 2)
    async with other.transaction():
        with Counting(statements) as counting:
            then = await ids.take(other, "contact", 3)

    assert first + then == list(range(first[0], first[0] + 7))
    assert not counting.heard


async def test_what_is_left_of_a_transaction_that_is_open_or_failed_is_given_to_nobody(database: Database) -> None:
    database.drawn.clear()
    one, other = database.session(), database.session()
    async with one.transaction():
        open_ = await ids.take(one, "contact", 1)
        async with other.transaction():
            meanwhile = await ids.take(other, "contact", 1)
    database.drawn.clear()
    (failed,) = await take_and_fail(other, 1)
    async with one.transaction():
        later = await ids.take(one, "contact", ids.DRAWN_AT_ONCE)

    assert abs(meanwhile[0] - open_[0]) >= ids.DRAWN_AT_ONCE
    assert not set(later) & set(range(failed, failed + ids.DRAWN_AT_ONCE))


async def test_a_draw_of_any_size_is_logged_for_sure(database: Database) -> None:
    """What rides on another's record in the log would be forgotten with it in a crash."""
    db = database.session()
    first = await ids.draw(db, "contact", 1)
    second = await ids.draw(db, "contact", 1)

    assert second[0] - first[0] == ids.DRAWN_AT_ONCE


@pytest.mark.parametrize("count", [1, 200])
async def test_there_are_as_many_as_were_asked_for(database: Database, count: int) -> None:
    db = database.session()
    async with db.transaction():
        taken = await ids.take(db, "address", count)

    assert len(set(taken)) == count
    assert taken == sorted(taken)
