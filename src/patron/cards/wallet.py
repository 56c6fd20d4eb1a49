"""Cards as the second dialect writes them: entries of a wallet, each with a number, that may name a payment source.

One record, two views: what the first dialect calls the id of a card is the payment service's token, and here the
`token`. An entry without one has an id of our making, that only the first dialect shows.
"""

from collections.abc import Mapping
from typing import Any

from patron.accounts import actions as accounts
from patron.accounts.holding import hold_customer
from patron.cards import actions
from patron.cards.model import ID_LENGTH_MAX, Details
from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid, NotFound, check_version
from patron.kernel.secrets import random_token
from patron.kernel.written import Text

_TEXTS = {"token": Text(ID_LENGTH_MAX), "customer_token": Text(500), **written.REFERENCES}


async def create(ctx: Ctx, account_id: int, source: tuple[str, int] | None, given: Mapping[str, Any]) -> int:
    """A new entry in a customer's wallet; without a token it has that of its payment source.

    Raises Invalid, Refused, or Taken for a token that is in the wallet.
    """
    await hold_customer(ctx, account_id)
    values = written.checked(given, _TEXTS, is_new=True)
    if source is not None:
        values["payment_source_id"] = source[1]
        values["token"] = values.get("token") or await _hold_source(ctx, source)
    token = values.get("token")
    card = await actions.add(ctx, account_id, token or f"source-{random_token(8)}", Details())
    return await _write(ctx, account_id, card.id, {"token": token, **values})


async def keep(ctx: Ctx, account_id: int, source_id: int) -> None:
    """Put a payment source into a customer's wallet, unless it is there, or an entry has its token.

    Raises Invalid, Refused.
    """
    await hold_customer(ctx, account_id)
    await accounts.touch(ctx, account_id)
    row = await ctx.db.row(
        """
        select p.kind, exists (select from card k where k.tenant_id = $1 and k.account_id = $2
                               and (k.payment_source_id = p.id or k.id = p.token)) as is_kept
        from payment_source p where p.tenant_id = $1 and p.id = $3 for key share of p
        """,
        ctx.tenant_id,
        account_id,
        source_id,
    )
    if row is not None and not row["is_kept"]:
        await create(ctx, account_id, (row["kind"], source_id), {})


async def _hold_source(ctx: Ctx, source: tuple[str, int]) -> str | None:
    """The token of a payment source (its kind and id), which cannot go until the transaction ends. Raises Invalid."""
    row = await ctx.db.row(
        "select p.token from payment_source p where p.tenant_id = $1 and p.id = $2 and p.kind = $3 for key share",
        ctx.tenant_id,
        source[1],
        source[0],
    )
    if row is None:
        raise Invalid.field("payment_source", "must exist", "required")
    return str(row["token"]) if row["token"] is not None else None


async def _write(ctx: Ctx, account_id: int, card_id: str, values: Mapping[str, Any]) -> int:
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=5))
    return int(
        await ctx.db.value(
            f"""
            update card as k set version = version + 1, updated_at = $4, {places}
            where k.tenant_id = $1 and k.account_id = $2 and k.id = $3 returning k.number
            """,
            ctx.tenant_id,
            account_id,
            card_id,
            ctx.now,
            *values.values(),
        )
    )


async def update(
    ctx: Ctx,
    number: int,
    given: Mapping[str, Any],
    *,
    account_id: int | None = None,
    expect: frozenset[int] | None = None,
) -> None:
    """Change what is given, among it `payment_source` (kind and id, or None); `account_id` is another customer.

    Raises NotFound, Stale, Invalid, or Taken when the other customer has a card of this id.
    """
    before = await _lock(ctx, number)
    check_version(before["version"], expect)
    values = written.checked(given, _TEXTS, is_new=False)
    if "payment_source" in given:
        source = given["payment_source"]
        values["payment_source_id"] = None if source is None else source[1]
        if source is not None:
            await _hold_source(ctx, source)
    if account_id not in (None, before["account_id"]):
        assert account_id is not None
        await hold_customer(ctx, account_id)
        await accounts.touch(ctx, account_id)
        values |= {"account_id": account_id, "contact_id": None, "is_default": False}
    if all(before[name] == value for name, value in values.items()):
        return
    await _write(ctx, before["account_id"], before["id"], values)
    subject = f"card/{before['id']}"
    told: events.Changes = {
        f"{subject}/{name}": (before[name], values[name])
        for name in ("reference", "payment_source_id", "account_id")
        if name in values and values[name] != before[name]
    }
    await events.record(
        ctx, "card.updated", account_id=values.get("account_id", before["account_id"]), subject=subject, changes=told
    )


async def delete(ctx: Ctx, number: int, *, expect: frozenset[int] | None = None) -> None:
    """Forget a card. Raises NotFound, Stale."""
    before = await _lock(ctx, number)
    await actions.delete(ctx, before["account_id"], before["id"], expect=expect)


async def _lock(ctx: Ctx, number: int) -> Row:
    """The entry, locked with its account: the account first, as whoever changes cards does."""
    account_id = await ctx.db.value(
        "select k.account_id from card k where k.tenant_id = $1 and k.number = $2", ctx.tenant_id, number
    )
    if account_id is not None:
        await accounts.touch(ctx, account_id)
        row = await ctx.db.row(
            """
            select k.id, k.account_id, k.version, k.token, k.customer_token, k.payment_source_id, k.contact_id,
                   k.is_default, k.reference, k.reference_origin, k.metadata
            from card k where k.tenant_id = $1 and k.number = $2 and k.account_id = $3 for update
            """,
            ctx.tenant_id,
            number,
            account_id,
        )
        if row is not None:
            return row
    raise NotFound("card", number)
