"""Transactions: what is answered is written."""

import asyncpg
import pytest

from patron.kernel.db import Database


async def test_a_transaction_with_a_failed_statement_cannot_pass_for_committed(database: Database) -> None:
    db = database.session()

    with pytest.raises(AssertionError, match="nothing was written"):
        async with db.transaction():
            with pytest.raises(asyncpg.DivisionByZeroError):
                await db.value("select 1 / 0")

    assert await db.value("select 1") == 1
