"""Changes of cards. Every one raises the account's version and keeps at most one default card."""

import msgspec

from patron.accounts import actions as accounts
from patron.cards import queries
from patron.cards.model import Card, Details, checked, checked_id, paths
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Refused, check_version

CARDS_MAX = 100


async def add(ctx: Ctx, account_id: int, card_id: str | None, details: Details) -> Card:
    """Keep what may be shown of a card. Raises NotFound, Invalid, Taken, or Refused when there are too many.

    Ids are the caller's and may come back after a removal, so the version starts at the time: no old one is met again.
    """
    await accounts.touch(ctx, account_id)
    card_id, details = checked_id(card_id), await _checked(ctx, account_id, details)
    count = await ctx.db.value(
        "select count(*) from card where tenant_id = $1 and account_id = $2", ctx.tenant_id, account_id
    )
    if count >= CARDS_MAX:
        raise Refused("too_many_cards", f"An account has at most {CARDS_MAX} cards.")
    cleared = await _clear_default(ctx, account_id, card_id) if details.is_default else {}
    row = await ctx.db.row(
        f"""
        insert into card as k (tenant_id, account_id, id, version, contact_id, masked, kind, name_on_card,
                               expire_month, expire_year, is_default, created_at, updated_at, token)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $3) returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        card_id,
        int(ctx.now.timestamp() * 1000),
        *msgspec.structs.astuple(details),
        ctx.now,
    )
    assert row is not None
    card = Card(*row)
    await _record(ctx, "card.created", card, events.difference(None, card, paths(card_id)) | cleared)
    return card


async def update(
    ctx: Ctx, account_id: int, card_id: str, details: Details, *, expect: frozenset[int] | None = None
) -> Card:
    """Replace what is shown of a card. Raises NotFound, Invalid, Stale."""
    await accounts.touch(ctx, account_id)
    before = await queries.get(ctx, account_id, card_id)
    check_version(before.version, expect)
    details = await _checked(ctx, account_id, details)
    cleared = await _clear_default(ctx, account_id, card_id) if details.is_default else {}
    row = await ctx.db.row(
        f"""
        update card as k set version = version + 1, contact_id = $4, masked = $5, kind = $6, name_on_card = $7,
               expire_month = $8, expire_year = $9, is_default = $10, updated_at = $11
        where k.tenant_id = $1 and k.account_id = $2 and k.id = $3 returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        card_id,
        *msgspec.structs.astuple(details),
        ctx.now,
    )
    assert row is not None
    card = Card(*row)
    changes = events.difference(before, card, paths(card_id)) | cleared
    if changes:
        await _record(ctx, "card.updated", card, changes)
    return card


async def delete(ctx: Ctx, account_id: int, card_id: str, *, expect: frozenset[int] | None = None) -> None:
    """Forget a card. Raises NotFound, Stale."""
    await accounts.touch(ctx, account_id)
    before = await queries.get(ctx, account_id, card_id)
    check_version(before.version, expect)
    await ctx.db.execute(
        "delete from card where tenant_id = $1 and account_id = $2 and id = $3", ctx.tenant_id, account_id, card_id
    )
    await _record(ctx, "card.deleted", before, events.difference(before, None, paths(card_id)))


async def delete_of_contact(ctx: Ctx, account_id: int, contact_id: int) -> None:
    """Forget the cards that point at a contact which is about to go, of an account that the caller has locked."""
    rows = await ctx.db.fetch(
        f"""
        delete from card k where k.tenant_id = $1 and k.account_id = $2 and k.contact_id = $3
        returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        contact_id,
    )
    for row in rows:
        card = Card(*row)
        await _record(ctx, "card.deleted", card, events.difference(card, None, paths(card.id)))


async def leave_contact(ctx: Ctx, account_id: int, contact_id: int) -> None:
    """Have the cards that point at a contact point at none, of an account that the caller has locked."""
    rows = await ctx.db.fetch(
        f"""
        update card as k set version = version + 1, contact_id = null, updated_at = $4
        where k.tenant_id = $1 and k.account_id = $2 and k.contact_id = $3 returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        contact_id,
        ctx.now,
    )
    for row in rows:
        card = Card(*row)
        await _record(ctx, "card.updated", card, {paths(card.id)["contact_id"]: (contact_id, None)})


async def _checked(ctx: Ctx, account_id: int, details: Details) -> Details:
    """The details, after looking that their contact is one of this account, which the caller has locked."""
    details = checked(details)
    if details.contact_id is not None and not await ctx.db.value(
        "select exists (select from contact c where c.tenant_id = $1 and c.account_id = $2 and c.id = $3)",
        ctx.tenant_id,
        account_id,
        details.contact_id,
    ):
        raise Invalid.field("contact_id", "is not a contact of this account")
    return details


async def _clear_default(ctx: Ctx, account_id: int, but: str) -> events.Changes:
    """Let no other card be the default one. Answers what that changed."""
    rows = await ctx.db.fetch(
        """
        update card set version = version + 1, is_default = false, updated_at = $4
        where tenant_id = $1 and account_id = $2 and id <> $3 and is_default returning id
        """,
        ctx.tenant_id,
        account_id,
        but,
        ctx.now,
    )
    return {paths(row["id"])["is_default"]: (True, False) for row in rows}


async def _record(ctx: Ctx, topic: str, card: Card, changes: events.Changes) -> None:
    await events.record(ctx, topic, account_id=card.account_id, subject=f"card/{card.id}", changes=changes)
