"""Changes of transactions. The sums on the account are kept by the same transaction, with the account locked."""

from collections.abc import Mapping, Sequence

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
    return await add_to(ctx, await accounts.lock(ctx, account_id), details)


async def add_to(ctx: Ctx, account: Account, details: Details) -> Transaction:
    """The same for an account that the caller has locked."""
    one = checked(
        details,
        new_id=random_token(),
        account_id=account.id,
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
        account.id,
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


async def insert(
    ctx: Ctx, owners: Mapping[int, Account], rows: Sequence[Transaction], *, had: Mapping[int, int] | None = None
) -> set[tuple[int, str]]:
    """Write transactions of accounts that the caller has locked; the accounts' sums follow.

    Events say only whose first or second order was among them. `had`: how many orders accounts had before the caller
    took some back, which are these again. A number of statements that does not depend on how many
    there are. Answers account and id of
    those that were written: an id that the account has already is left out.
    """
    if not rows:
        return set()
    found = await ctx.db.fetch(
        """
        insert into account_transaction (tenant_id, account_id, id, visit_id, kind, interaction, amount_minor,
                                         currency, at)
        select $1, g.* from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                                   $8::text[], $9::timestamptz[]) as g
        on conflict (tenant_id, account_id, id) do nothing returning account_id, id
        """,
        ctx.tenant_id,
        [one.account_id for one in rows],
        [one.id for one in rows],
        [one.visit_id for one in rows],
        [one.kind for one in rows],
        [one.interaction for one in rows],
        [one.amount_minor for one in rows],
        [one.currency for one in rows],
        [one.at for one in rows],
    )
    written = {(row["account_id"], row["id"]) for row in found}
    waiting = set(written)
    sums: dict[int, Sums] = {}
    for one in rows:
        if (one.account_id, one.id) in waiting:
            waiting.discard((one.account_id, one.id))
            owner = owners[one.account_id]
            sums[owner.id] = added(sums.get(owner.id, stored(owner)), grouped(one), owner.order_currency)
    await _keep_all(ctx, {id_: sum_ for id_, sum_ in sums.items() if sum_ != stored(owners[id_])})
    before = {id_: owners[id_].order_count for id_ in sums} | dict(had or {})
    steps = [
        events.Event(topic, id_, "", {})
        for id_, sum_ in sums.items()
        for topic in _steps(before[id_], sum_.order_count)
    ]
    if steps:
        await events.record_many(ctx, steps)
    return written


async def remove_of_visit(ctx: Ctx, account: Account, visit_id: str) -> list[Transaction]:
    """Take back what an account, locked by the caller, did at a visit, without events; its sums follow."""
    rows = await ctx.db.fetch(
        f"""
        delete from account_transaction t where t.tenant_id = $1 and t.account_id = $2 and t.visit_id = $3
        returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account.id,
        visit_id,
    )
    if rows:
        await _keep(ctx, account, summed(await queries.groups(ctx, account.id), account.order_currency))
    return [Transaction(*row) for row in rows]


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


# What it means to have so many orders.
_STEPS = {1: "account.acquired", 2: "account.repeated"}


def _steps(before: int, after: int) -> list[str]:
    """What an account has become by having more orders than before."""
    return [topic for count, topic in _STEPS.items() if before < count <= after]


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
    for topic in _steps(account.order_count, sums.order_count):
        await events.record(ctx, topic, account_id=account.id)


async def _keep_all(ctx: Ctx, sums: Mapping[int, Sums]) -> None:
    """Store the sums of many accounts, whose versions the caller has raised."""
    if not sums:
        return
    if any(abs(one.order_total_minor) > TOTAL_MINOR_MAX for one in sums.values()):
        raise Refused("total_out_of_range", "The total of an account's orders would be out of range.")
    await ctx.db.write(
        """
        update account a set order_count = g.order_count, order_total_minor = g.order_total_minor,
               last_order_at = g.last_order_at, wishlist_count = g.wishlist_count
        from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bigint[])
            as g (id, order_count, order_total_minor, last_order_at, wishlist_count)
        where a.tenant_id = $1 and a.id = g.id
        """,
        ctx.tenant_id,
        list(sums),
        [one.order_count for one in sums.values()],
        [one.order_total_minor for one in sums.values()],
        [one.last_order_at for one in sums.values()],
        [one.wishlist_count for one in sums.values()],
    )


async def _record(ctx: Ctx, topic: str, one: Transaction, changes: events.Changes) -> None:
    await events.record(ctx, topic, account_id=one.account_id, subject=f"transaction/{one.id}", changes=changes)
