"""Addresses and address books of customers, as the second dialect writes them (Commerce Layer behaviour 6).

What shoppers reach: addresses that belong to nobody, by an id which nobody can guess, and their own.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from patron.accounts import queries as accounts
from patron.accounts.holding import hold_customer
from patron.addresses import rules
from patron.cards import actions as cards
from patron.contacts import book, places
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, check_version
from patron.tenants import queries as tenants


async def needs(ctx: Ctx, country: str | None) -> places.Needs:
    """What the tenant and a country ask of an address. Call it before the transaction: a country's rules are a file."""
    if country:
        await asyncio.to_thread(rules.of, country.strip().upper())
    return places.Needs(phone=(await tenants.policy(ctx)).addresses.needs_phone, postal_code=_needs_postal_code)


def _needs_postal_code(country: str) -> bool:
    found = rules.of(country)
    return found is not None and "postal_code" in found.required


async def add(
    ctx: Ctx, given: Mapping[str, Any], *, account_id: int | None, email: str | None, address_id: int | None
) -> int:
    """Put an address into the book of a customer, who is named by id or by e-mail address; a shopper's is their own.

    Answers the id of the contact. Raises Invalid.
    """
    owner = await _owner(ctx, account_id, email)
    if address_id is None:
        raise Invalid.field("address", "can't be blank", "missing")
    await check_reach(ctx, address_id)
    return await book.add(ctx, owner, address_id, given)


async def save(ctx: Ctx, account_id: int, address_id: int) -> None:
    """Put a copy of an order's address into its customer's book, unless the book has one like it: who changes the book
    later changes no order. Raises Invalid.
    """
    if not await book.has_like(ctx, account_id, address_id):
        await book.add(ctx, account_id, await places.copy(ctx, address_id), {})


async def update(
    ctx: Ctx,
    contact_id: int,
    given: Mapping[str, Any],
    *,
    account_id: int | None = None,
    address_id: int | None = None,
    expect: frozenset[int] | None = None,
) -> None:
    """Change what is given of a customer address: None leaves customer and address. Raises NotFound, Stale, Invalid."""
    if account_id is not None:
        account_id = await _owner(ctx, account_id, None)
    if address_id is not None:
        await check_reach(ctx, address_id)
    entry = await book.lock(ctx, contact_id, also=account_id)
    check_version(entry.version, expect)
    if account_id is not None and account_id != entry.account_id:
        await cards.leave_contact(ctx, entry.account_id, contact_id)
    await book.update(ctx, entry, given, account_id=account_id, address_id=address_id)


async def remove(ctx: Ctx, contact_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Take an address out of the book; it stands alone, and cards that point at the contact stay without it.

    Raises NotFound, Stale.
    """
    entry = await book.lock(ctx, contact_id)
    check_version(entry.version, expect)
    await cards.leave_contact(ctx, entry.account_id, contact_id)
    await book.remove(ctx, entry)


async def _owner(ctx: Ctx, account_id: int | None, email: str | None) -> int:
    """The customer whose book it is. Raises Invalid."""
    own = ctx.actor.account_id if ctx.actor.kind == "shopper" else None
    if account_id is None and email is None:
        if own is None:
            raise Invalid.field("customer", "can't be blank", "missing")
        return own
    found: int | None
    if account_id is not None:
        await hold_customer(ctx, account_id)
        found, field = account_id, "customer"
    else:
        found, field = await accounts.holder(ctx, email or ""), "customer_email"
    if found is None or (own is not None and found != own):
        raise Invalid.field(field, "must exist", "required")
    return found


async def check_reach(ctx: Ctx, address_id: int, *, field: str = "address") -> None:
    """Whether a caller may use this address: to a shopper, an address of somebody else is not there. Raises Invalid."""
    if ctx.actor.kind != "shopper":
        return
    if await places.owner(ctx, address_id) not in (None, ctx.actor.account_id):
        raise Invalid.field(field, "must exist", "required")
