"""Changes that travel together: all of them or none, each once, and no read is kept waiting for them."""

from datetime import UTC, datetime

import pytest

from patron.kernel.batch import riding
from patron.kernel.db import Database, Session
from patron.kernel.errors import Invalid
from statements import Counting, Watch

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_END = "insert into ended_token (tenant_id, id, expires_at) values ($1, $2, $3)"
_PROLONG = "update ended_token set expires_at = $3 where tenant_id = $1 and id = $2"
_COUNT = "select count(*) from ended_token where tenant_id = $1 and id like $2"


@pytest.fixture
def db(database: Database) -> Session:
    """A session, for tables of a tenant that nobody else has."""
    return database.session()


async def test_what_is_queued_is_written_before_the_commit_in_one_statement(db: Session, statements: Watch) -> None:
    with Counting(statements) as counting:
        async with db.transaction():
            await db.write(_END, 1, "one-a", NOW)
            await db.write("delete from ended_token where tenant_id = $1 and id = $2", 1, "one-never")

    assert await db.value(_COUNT, 1, "one-%") == 1
    assert len(counting.heard) == 3  # begin, both changes, commit
    assert counting.heard[1].startswith("with queued_0 as (")


async def test_a_read_finds_what_was_queued_before_it(db: Session, statements: Watch) -> None:
    with Counting(statements) as counting:
        async with db.transaction():
            await db.write(_END, 1, "seen-a", NOW)
            assert await db.value(_COUNT, 1, "seen-%") == 1
            await db.write(_END, 1, "seen-b", NOW)
            assert await db.execute(_PROLONG, 1, "seen-b", NOW) == 1

    assert len(counting.heard) == 6


async def test_the_same_statement_again_goes_out_for_all_its_arguments(db: Session, statements: Watch) -> None:
    with Counting(statements) as counting:
        async with db.transaction():
            for n in range(50):
                await db.write(_END, 1, f"many-{n}", NOW)

    assert await db.value(_COUNT, 1, "many-%") == 50
    assert len(counting.heard) == 3  # begin, the inserts, commit


async def test_a_last_read_takes_the_changes_along_and_does_not_see_them(db: Session, statements: Watch) -> None:
    with Counting(statements) as counting:
        async with db.transaction():
            await db.write(_END, 1, "last-a", NOW)
            row = await db.last_row(_COUNT, 1, "last-%")

    assert row is not None
    assert row[0] == 0
    assert await db.value(_COUNT, 1, "last-%") == 1
    assert len(counting.heard) == 3


async def test_nothing_queued_survives_a_rollback(db: Session) -> None:
    with pytest.raises(ZeroDivisionError):
        await _fail(db)
    async with db.transaction():
        pass

    assert await db.value(_COUNT, 1, "gone-%") == 0


async def _fail(db: Session) -> None:
    async with db.transaction():
        await db.write(_END, 1, "gone-a", NOW)
        raise ZeroDivisionError


async def test_a_part_that_fails_takes_only_its_own_changes_back(db: Session) -> None:
    async with db.transaction():
        await db.write(_END, 1, "part-kept", NOW)
        with pytest.raises(Invalid):
            await _fail_in_part(db)

    assert await db.value(_COUNT, 1, "part-%") == 1


async def _fail_in_part(db: Session) -> None:
    async with db.part():
        await db.write(_END, 1, "part-undone", NOW)
        raise Invalid.field("x", "is wrong")


async def test_a_queued_change_that_cannot_be_made_undoes_everything(db: Session) -> None:
    await db.execute(_END, 1, "clash", NOW)

    with pytest.raises(Exception, match="duplicate key"):
        await _clash(db)

    assert await db.value(_COUNT, 1, "before-clash") == 0


async def _clash(db: Session) -> None:
    async with db.transaction():
        await db.execute(_END, 1, "before-clash", NOW)
        await db.write(_END, 1, "clash", NOW)


async def test_outside_a_transaction_a_write_happens_at_once(db: Session) -> None:
    await db.write(_END, 1, "alone", NOW)
    await db.write(_PROLONG, 1, "alone", NOW)

    assert await db.value(_COUNT, 1, "alone") == 1


def test_the_places_of_the_changes_move_behind_those_of_the_read() -> None:
    sql, args = riding([("update a set b = $2 where c = $1", (1, 2)), ("delete from d where e = $1", (3,))],
                       "select $1, $2", ("x", "y"))  # fmt: skip

    assert sql == (
        "with queued_0 as (update a set b = $4 where c = $3), queued_1 as (delete from d where e = $5) select $1, $2"
    )
    assert args == ("x", "y", 1, 2, 3)


def test_a_statement_with_parts_of_its_own_takes_the_changes_among_them() -> None:
    sql, args = riding([("delete from d where e = $1", (3,))], "\n  with f as (select $1) select * from f", ("x",))

    assert sql == "with queued_0 as (delete from d where e = $2), f as (select $1) select * from f"
    assert args == ("x", 3)
