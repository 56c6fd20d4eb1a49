"""Changes of transactions. The sums on the account are kept by the same transaction, with the account locked."""

from patron.accounts import actions as accounts
from patron.accounts.model import Account
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound, Refused
from patron.kernel.secrets import random_token
from patron.transactions import queries
from patron.transactions.model import (
    TOTAL_MINOR_MAX,
    Details,
    Sums,
    Transaction,
    added,
    checked,
    corrections,
    grouped,
    paths,
    removed,
    stored,
    summed,
)


async def add(ctx: Ctx, account_id: int, details: Details) -> Transaction:
    """Record what an account did. Raises NotFound, Invalid, or Taken for an id that this account already has."""
    account = await accounts.lock(ctx, account_id)
    one = checked(
        details,
        new_id=random_token(),
        account_id=account_id,
        currency=ctx.site.currency if ctx.site else account.order_currency,
        now=ctx.now,
    )
    await ctx.db.execute(
        """
        insert into account_transaction (tenant_id, id, account_id, visit_id, kind, interaction, amount_minor,
                                         currency, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        ctx.tenant_id,
        one.id,
        account_id,
        one.visit_id,
        one.kind,
        one.interaction,
        one.amount_minor,
        one.currency,
        one.at,
    )
    await _keep(ctx, account, added(stored(account), grouped(one), account.order_currency))
    await _record(ctx, "transaction.created", one, events.difference(None, one, paths(one.id)))
    return one


async def remove(ctx: Ctx, account_id: int, transaction_id: str) -> None:
    """Take back what was recorded, and what it did to the sums. Raises NotFound."""
    account = await accounts.lock(ctx, account_id)
    row = await ctx.db.row(
        f"""
        delete from account_transaction t where t.tenant_id = $1 and t.account_id = $2 and t.id = $3
        returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        transaction_id,
    )
    if row is None:
        raise NotFound("transaction", transaction_id[:40])
    one = Transaction(*row)
    last_at = await queries.last_order_at(ctx, account_id) if one.kind == "Order" else account.last_order_at
    await _keep(ctx, account, removed(stored(account), grouped(one), account.order_currency, last_order_at=last_at))
    await _record(ctx, "transaction.deleted", one, events.difference(one, None, paths(one.id)))


async def recompute(ctx: Ctx, account_id: int) -> None:
    """Compute the sums of an account again from its transactions. Raises NotFound."""
    account = await accounts.lock(ctx, account_id)
    sums = summed(await queries.groups(ctx, account_id), account.order_currency)
    await _keep(ctx, account, sums)
    changes = corrections(stored(account), sums, account.order_currency)
    await events.record(ctx, "account.recomputed", account_id=account_id, changes=changes)


async def _keep(ctx: Ctx, account: Account, sums: Sums) -> None:
    """Store the sums on the account, which the caller has locked; the account's answer changes, so its version does."""
    if sums == stored(account):
        return
    if abs(sums.order_total_minor) > TOTAL_MINOR_MAX:
        raise Refused("total_out_of_range", "The total of this account's orders would be out of range.")
    await ctx.db.execute(
        """
        update account set version = version + 1, order_count = $3, order_total_minor = $4, last_order_at = $5,
               wishlist_count = $6
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        account.id,
        sums.order_count,
        sums.order_total_minor,
        sums.last_order_at,
        sums.wishlist_count,
    )


async def _record(ctx: Ctx, topic: str, one: Transaction, changes: events.Changes) -> None:
    await events.record(ctx, topic, account_id=one.account_id, subject=f"transaction/{one.id}", changes=changes)
