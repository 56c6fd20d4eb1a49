"""Transactions: what is answered is written."""

from contextlib import suppress

import asyncpg
import pytest

from patron.kernel.db import Database, Session


async def swallow_a_fault(db: Session) -> None:
    """A change whose statement fails without anybody noticing."""
    async with db.transaction():
        with suppress(asyncpg.DivisionByZeroError):
            await db.value("select 1 / 0")


async def test_a_transaction_with_a_failed_statement_cannot_pass_for_committed(database: Database) -> None:
    db = database.session()

    with pytest.raises(AssertionError, match="nothing was written"):
        await swallow_a_fault(db)

    assert await db.value("select 1") == 1
