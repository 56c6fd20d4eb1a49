"""`patron verify` on a real installation, and the worker that ends credits and holds there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from installations import KEY, Installation
from ledgers import Till
from patron import worker
from patron.credits import actions, payments
from patron.credits.model import Details
from patron.credits.payments import Wanted
from patron.kernel.db import Database
from patron.settings import Settings
from shoppers import until


@pytest_asyncio.fixture
async def till(installation: Installation) -> AsyncIterator[Till]:
    """A tenant in a database of its own, with a credit of 10.00 USD, of which 4 are on hold."""
    database = await Database.open(installation.url, size=2)
    till = await Till.open(database)
    ctx = till.ctx()
    async with ctx.db.transaction():
        await actions.create(ctx, Details(code="c", initial=Decimal(10), expires_at=till.now + timedelta(days=1)))
        await payments.pay(
            ctx, Wanted(code="c", amount=Decimal(4), is_hold=True, expires_at=till.now + timedelta(days=2))
        )
    yield till
    await database.close()


async def write(till: Till, sql: str) -> None:
    """Write to the database by hand, as nobody should."""
    async with till.database.connection() as conn:
        await conn.execute(sql)


async def verify(installation: Installation, *arguments: str, status: int = 0) -> str:
    return await asyncio.to_thread(installation.patron, "verify", *arguments, status=status)


async def test_a_ledger_that_adds_up_is_told_with_what_is_owed(installation: Installation, till: Till) -> None:
    said = await verify(installation)

    assert f"({till.tenant_id}): 2 entries; 10.00 USD on 1 credit" in said
    assert "✓ Every balance is the sum of its entries." in said


async def test_what_does_not_add_up_is_told_and_ends_with_status_1(installation: Installation, till: Till) -> None:
    other = await Till.open(till.database)
    await write(till, "update credit set available_minor = 700, issued_minor = 1100")

    said = await verify(installation, status=1)
    assert "issued is 11.00, added up 10.00; available is 7.00, added up 6.00" in said
    assert "✗ 1 sums differ" in said
    assert "✓" in await verify(installation, "--tenant", str(other.tenant_id))
    assert "There is no tenant 7." in await verify(installation, "--tenant", "7", status=1)


async def test_an_installation_without_tenants_has_nothing_wrong(installation: Installation) -> None:
    assert "✓" in await verify(installation)


async def test_the_worker_ends_what_is_over(
    installation: Installation, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CREDITS_SECONDS", 0.02)
    db, books = (
        till.database.session(),
        "select available_minor, held_minor, expired_minor from credit where tenant_id = $1",
    )
    for back in (
        "credit set activates_at = activates_at - interval '3 days', expires_at",
        "credit_payment set expires_at",
    ):
        await write(till, f"update {back} = expires_at - interval '3 days'")
    work = asyncio.create_task(worker.run(Settings(database_url=installation.url, secret_key=KEY)))

    async def is_over() -> bool:
        row = await db.row(books, till.tenant_id)
        return row is not None and tuple(row) == (0, 0, 1000)

    try:
        await until(is_over)
        assert not work.done()
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    assert await till.drifts() == []
