"""The ledger's own guards: what the database refuses, what ends by itself, what `patron verify` finds."""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest
import pytest_asyncio

from ledgers import Till
from patron.accounts import actions as accounts
from patron.accounts.model import Profile
from patron.credits import actions, expiry, holds, ledger, payment_queries, payments
from patron.credits.model import Credit, Details, Share
from patron.kernel.db import Database
from patron.kernel.errors import Invalid, Refused
from patron.worker import end_credits


@pytest_asyncio.fixture
async def till(database: Database) -> Till:
    """A tenant with a clock of its own."""
    return await Till.open(database)


async def customer(till: Till) -> int:
    """A new account."""
    ctx = till.ctx()
    async with ctx.db.transaction():
        return (await accounts.create(ctx, Profile())).id


async def issue(till: Till, amount: int, days: float = 365, **fields: object) -> Credit:
    """A new credit."""
    ctx = till.ctx()
    details = Details(initial=Decimal(amount), expires_at=till.now + timedelta(days=days), **fields)
    async with ctx.db.transaction():
        return await actions.create(ctx, details)


async def pay(till: Till, amount: int, **wanted: object) -> int:
    """A new payment."""
    ctx = till.ctx()
    async with ctx.db.transaction():
        return (await payments.pay(ctx, payments.Wanted(amount=Decimal(amount), currency="USD", **wanted))).id


async def books(till: Till, credit: Credit) -> tuple[int, ...]:
    """What a credit holds: issued, available, held, redeemed, expired."""
    row = await till.database.session().row(
        """
        select issued_minor, available_minor, held_minor, redeemed_minor, expired_minor from credit
        where tenant_id = $1 and id = $2
        """,
        till.tenant_id,
        credit.id,
    )
    assert row
    return tuple(row)


async def test_the_database_itself_refuses_books_that_cannot_be(till: Till) -> None:
    credit = await issue(till, 10)
    db = till.database.session()
    for change in (
        "available_minor = -1, issued_minor = -1",
        "available_minor = available_minor + 1",
        "redeemed_minor = -5, available_minor = 1005",
        "held_minor = -1, redeemed_minor = 1",
        "issued_minor = 1000000000000000001, available_minor = 1000000000000000001",
        "initial_minor = 0",
        "expires_at = activates_at",
    ):
        with pytest.raises(Invalid):
            await db.execute(f"update credit set {change} where tenant_id = $1 and id = $2", till.tenant_id, credit.id)
    account = await customer(till)
    await actions.ensure_balance(till.ctx(), account, "USD")
    for change in ("available_minor = -1", "held_minor = -1"):
        with pytest.raises(Invalid):
            await db.execute(
                f"update credit_balance set {change} where tenant_id = $1 and account_id = $2", till.tenant_id, account
            )


async def test_an_entry_has_an_amount_two_books_and_its_credits_currency(till: Till, database: Database) -> None:
    credit = await issue(till, 10)

    async def write(**other: object) -> None:
        row = {
            "credit_id": credit.id,
            "number": 2,
            "currency": "USD",
            "kind": "debit",
            "source": "available",
            "target": "redeemed",
            "amount_minor": 5,
            "balance_minor": 995,
            "at": till.now,
        } | other
        places = ", ".join(f"${n}" for n in range(2, len(row) + 2))
        sql = f"insert into credit_entry (tenant_id, {', '.join(row)}) values ($1, {places})"
        async with database.connection() as conn, conn.transaction():
            await conn.execute(sql, till.tenant_id, *row.values())
            raise LookupError  # never kept

    with pytest.raises(LookupError):
        await write()
    for other in (
        {"amount_minor": 0},
        {"amount_minor": -5},
        {"target": "available"},
        {"target": "pocket"},
        {"number": 1},
        {"currency": "EUR"},
        {"credit_id": credit.id + 1},
        {"payment_id": 1},
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await write(**other)


async def test_entries_are_neither_changed_nor_removed_by_who_is_no_superuser(till: Till) -> None:
    """The tests' own role is one, so the rights themselves are looked at."""
    async with till.database.connection() as conn:
        rights = await conn.fetchval("select relacl::text from pg_class where relname = 'credit_entry'")
        owner = await conn.fetchval("select current_user")
    (own,) = [right for right in rights.strip("{}").split(",") if right.startswith(f"{owner}=")]
    letters = own.partition("=")[2].partition("/")[0]
    assert "a" in letters  # may add
    assert "r" in letters  # and read
    assert not set("wdD") & set(letters)  # but neither update, delete nor truncate


async def test_amounts_have_an_upper_end(till: Till) -> None:
    credit = await issue(till, 10)
    ctx = till.ctx()

    async with ctx.db.transaction():
        await ledger.post(ctx, "credit", [Share(credit.id, 9 * 10**17)])
    with pytest.raises(Invalid):
        await ledger.post(ctx, "credit", [Share(credit.id, 2 * 10**17)])

    assert await till.drifts() == []


async def test_what_has_expired_is_closed_and_what_is_on_hold_stays(till: Till) -> None:
    owner = await customer(till)
    soon = await issue(till, 10, days=1, account_id=owner, code="soon")
    empty = await issue(till, 3, days=1, code="empty")
    later = await issue(till, 10, days=9, account_id=owner)
    await pay(till, 3, code="empty")
    held = await pay(till, 4, code="soon", is_hold=True)
    till.advance(days=2)

    ctx = till.ctx()
    assert await expiry.expire_credits(ctx) == 2
    assert await expiry.expire_credits(ctx) == 0

    assert await books(till, soon) == (1000, 0, 400, 0, 600)
    assert await books(till, empty) == (300, 0, 0, 300, 0)
    assert await books(till, later) == (1000, 1000, 0, 0, 0)
    async with ctx.db.transaction():
        await holds.capture(ctx, held, Decimal(1))
        await holds.void(ctx, held)
    assert await books(till, soon) == (1000, 300, 0, 100, 600)
    assert await expiry.expire_credits(ctx) == 1
    assert await books(till, soon) == (1000, 0, 0, 100, 900)
    assert await till.drifts() == []
    topics = await ctx.db.fetch(
        "select topic from event where tenant_id = $1 and account_id = $2 order by id", till.tenant_id, owner
    )
    assert [row["topic"] for row in topics][-2:] == ["payment.voided", "credit.expired"]


async def test_holds_that_have_ended_are_let_go(till: Till) -> None:
    credit = await issue(till, 10, code="c")
    ends = till.now + timedelta(hours=1)
    for _ in range(3):
        await pay(till, 2, code="c", is_hold=True, expires_at=ends)
    kept = await pay(till, 2, code="c", is_hold=True)
    till.advance(hours=1)

    ctx = till.ctx()
    assert await end_credits(ctx.db, ctx.secrets, ctx.now) >= 3

    assert await books(till, credit) == (1000, 800, 200, 0, 0)
    assert (await payment_queries.get(ctx, kept)).held_minor == 200
    assert await till.drifts() == []


async def test_more_than_one_bite_is_ended(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)
    owner = await customer(till)
    for _ in range(5):
        await issue(till, 1, days=1, account_id=owner)
    till.advance(days=1)

    ctx = till.ctx()
    assert await end_credits(ctx.db, ctx.secrets, ctx.now) >= 5

    assert await expiry.tenants_due(ctx.db, ctx.now) == []
    assert await till.drifts() == []


async def test_of_very_many_credits_those_that_expire_soonest_are_drawn_upon(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments, "CREDITS_MAX", 2)
    owner = await customer(till)
    credits_of_owner = [await issue(till, 10, days=days, account_id=owner) for days in (30, 20, 10)]

    await pay(till, 15, account_id=owner)
    with pytest.raises(Refused):
        await pay(till, 16, account_id=owner)

    assert [(await books(till, one))[1] for one in credits_of_owner] == [1000, 500, 0]


_REST = "currency, kind, source, target, amount_minor, balance_minor, at"
DRIFTS = {
    "credit": (
        "update credit set available_minor = available_minor - 1, redeemed_minor = redeemed_minor + 1",
        "available is 4.99, added up 5.00; redeemed is 5.01, added up 5.00",
    ),
    "number": ("update credit set entry_count = 9", "entries is 9, added up 2; last number is 9, added up 2"),
    "payment": (
        "update credit_payment set captured_minor = 400, released_minor = 100",
        "captured is 4.00, added up 5.00; released is 1.00, added up 0.00",
    ),
    "balance": ("update credit_balance set held_minor = 7", "held is 0.07, added up 0.00"),
    "entry": (
        "update credit_entry set balance_minor = 1 where kind = 'issue' and true",
        "wrong running balances is 0, added up 1",
    ),
    "doubled": (
        f"""insert into credit_entry (tenant_id, credit_id, number, {_REST})
        select tenant_id, credit_id, 3, {_REST} from credit_entry where kind = 'debit' and true""",
        "entries is 2, added up 3",
    ),
    "lost": ("delete from credit_entry where kind = 'debit' and true", "redeemed is 5.00, added up 0.00"),
}


@pytest.mark.parametrize("name", DRIFTS)
async def test_whatever_does_not_add_up_is_found(till: Till, database: Database, name: str) -> None:
    owner = await customer(till)
    await issue(till, 10, account_id=owner)
    await pay(till, 5, account_id=owner)
    assert await till.drifts() == []
    change, sentence = DRIFTS[name]

    async with database.connection() as conn:  # beside our own session, which knows no such statement
        where = "and" if change.endswith("true") else "where"
        await conn.execute(f"{change} {where} tenant_id = {till.tenant_id}")

    assert sentence in "; ".join(map(str, await till.drifts()))
