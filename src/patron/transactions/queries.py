"""Reads of transactions."""

from datetime import datetime

import msgspec

from patron.accounts import queries as accounts
from patron.kernel.context import Ctx
from patron.transactions.model import Group, Transaction

COLUMNS = "t.id, t.account_id, t.visit_id, t.kind, t.interaction, t.amount_minor, t.currency, t.at"

# The transactions of the visit `a` as one JSON value: those that its account did there.
OF_VISIT = f"""(select coalesce(json_agg(json_build_array({COLUMNS}) order by t.at, t.id collate "C"), '[]')
    from account_transaction t
    where t.tenant_id = $1 and t.account_id = a.account_id
      and t.visit_id = coalesce(a.key, replace(a.id::text, '-', '')))"""
DECODER = msgspec.json.Decoder(list[Transaction])


async def of_visit(ctx: Ctx, account_id: int, visit_id: str) -> list[Transaction]:
    """What an account did at a visit, in the order of time."""
    rows = await ctx.db.fetch(
        f"""
        select {COLUMNS} from account_transaction t
        where t.tenant_id = $1 and t.account_id = $2 and t.visit_id = $3 order by t.at, t.id collate "C"
        """,
        ctx.tenant_id,
        account_id,
        visit_id,
    )
    return [Transaction(*row) for row in rows]


async def list_of(ctx: Ctx, account_id: int) -> list[Transaction]:
    """All transactions of an account, newest first. Raises NotFound for an unknown account."""
    rows = await ctx.db.fetch(
        f"""
        select {COLUMNS} from account_transaction t
        where t.tenant_id = $1 and t.account_id = $2 order by t.at desc, t.id desc
        """,
        ctx.tenant_id,
        account_id,
    )
    if not rows:
        await accounts.require(ctx, account_id)
    return [Transaction(*row) for row in rows]


async def groups(ctx: Ctx, account_id: int) -> list[Group]:
    """An account's transactions, added up by kind and currency."""
    rows = await ctx.db.fetch(
        """
        select t.kind, t.currency, count(*), sum(t.amount_minor), max(t.at) from account_transaction t
        where t.tenant_id = $1 and t.account_id = $2 group by t.kind, t.currency
        """,
        ctx.tenant_id,
        account_id,
    )
    return [Group(kind, currency, count, int(amount), at) for kind, currency, count, amount, at in rows]


async def last_order_at(ctx: Ctx, account_id: int) -> datetime | None:
    """When the last order of an account was."""
    return await ctx.db.value(  # type: ignore[no-any-return]
        """
        select max(t.at) from account_transaction t
        where t.tenant_id = $1 and t.account_id = $2 and t.kind = 'Order'
        """,
        ctx.tenant_id,
        account_id,
    )
