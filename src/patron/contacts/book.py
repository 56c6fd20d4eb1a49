"""Contacts as the second dialect writes them: customer addresses, which put an address into a customer's book.

A contact has one address and an address one contact. So an address that is in a book already is copied for another
one, and what is taken out of a book stands alone again, with its person.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.accounts import actions as accounts
from patron.contacts import places
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Retry, check_version
from patron.kernel.written import REFERENCES, checked


class Entry(msgspec.Struct, frozen=True):
    """A contact, locked with its account."""

    id: int
    version: int
    account_id: int
    address_id: int


async def add(ctx: Ctx, account_id: int, address_id: int, given: Mapping[str, Any]) -> int:
    """Put an address into the book of an account. Answers the id of the contact. Raises NotFound, Invalid."""
    values = checked(given, REFERENCES, is_new=True)
    await accounts.touch(ctx, account_id)
    address_id, person = await _taken_in(ctx, account_id, address_id)
    values |= person
    columns = "".join(f", {name}" for name in values)
    marks = "".join(f", ${n}" for n in range(6, len(values) + 6))
    contact_id = int(
        await ctx.db.value(
            f"""
            insert into contact (tenant_id, account_id, address_id, created_at, updated_at, created_by,
                                 updated_by{columns})
            values ($1, $2, $3, $4, $4, $5, $5{marks}) returning id
            """,
            ctx.tenant_id,
            account_id,
            address_id,
            ctx.now,
            ctx.actor.name,
            *values.values(),
        )
    )
    await _record(ctx, "contact.created", account_id, contact_id, after=address_id)
    return contact_id


async def _taken_in(ctx: Ctx, account_id: int, address_id: int) -> tuple[int, dict[str, Any]]:
    """An address for a contact of the account, and the person for the contact. Raises Invalid."""
    try:
        address = await places.lock(ctx, address_id)
    except NotFound:
        raise Invalid.field("address", "must exist", "required") from None
    person = {("phone_home" if name == "phone" else name): address.values[name] for name in places.PERSON}
    if address.contact_id is not None:
        values = {name: value for name, value in places.copied(address).items() if name not in places.PERSON}
        return await places.insert(ctx, values, account_id=account_id), person
    blank = ", ".join(f"{name} = null" for name in places.PERSON)
    await ctx.db.execute(
        f"""
        update address set version = version + 1, updated_at = $3, account_id = $4, {blank}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        address_id,
        ctx.now,
        account_id,
    )
    return address_id, person


_SAME = ("line_1", "line_2", "line_3", "line_4", "city", "state", "postal_code", "country")
_WHO = ("first_name", "last_name", "company")


async def has_like(ctx: Ctx, account_id: int, address_id: int) -> bool:
    """Whether the book of an account has an address, or one of the same person and place."""
    ours = ", ".join((*(f"d.{name}" for name in _SAME), *(f"c.{name}" for name in _WHO)))
    given = ", ".join(f"o.{name}" for name in (*_SAME, *_WHO))
    return bool(
        await ctx.db.value(
            f"""
            select exists (
                select from address o, contact c join address d on d.tenant_id = $1 and d.id = c.address_id
                where o.tenant_id = $1 and o.id = $3 and c.tenant_id = $1 and c.account_id = $2
                  and (d.id = o.id or row({ours}) is not distinct from row({given})))
            """,
            ctx.tenant_id,
            account_id,
            address_id,
        )
    )


async def lock(ctx: Ctx, contact_id: int, *, also: int | None = None) -> Entry:
    """A contact with its account, and another account that it may go to; all of them locked. Raises NotFound."""
    sql = "select c.account_id from contact c where c.tenant_id = $1 and c.id = $2"
    account_id = await ctx.db.value(sql, ctx.tenant_id, contact_id)
    if account_id is None:
        raise NotFound("contact", contact_id)
    for number in sorted({account_id, also or account_id}):
        await accounts.touch(ctx, number)
    row = await ctx.db.row(
        """
        select c.id, c.version, c.account_id, c.address_id from contact c
        where c.tenant_id = $1 and c.id = $2 for update
        """,
        ctx.tenant_id,
        contact_id,
    )
    if row is None or row["account_id"] != account_id:
        raise Retry  # it went elsewhere before we had its account
    return Entry(*row)


async def update(
    ctx: Ctx, entry: Entry, given: Mapping[str, Any], *, account_id: int | None, address_id: int | None
) -> None:
    """Change what is given of a contact that is locked: its references, whose it is (locked, too), its address.

    None leaves account and address as they are. Raises Invalid.
    """
    values = checked(given, REFERENCES, is_new=False)
    owner, address = account_id or entry.account_id, entry.address_id
    if address_id is not None and address_id != entry.address_id:
        await places.keep_person(ctx, entry.address_id)
        address, person = await _taken_in(ctx, owner, address_id)
        values |= {"address_id": address, "phone_mobile": None, "phone_work": None, **person}
    elif owner != entry.account_id:
        await ctx.db.execute(
            "update address set version = version + 1, account_id = $3 where tenant_id = $1 and id = $2",
            ctx.tenant_id,
            entry.address_id,
            owner,
        )
    if owner != entry.account_id:
        values |= {"account_id": owner, "is_primary_billing": False, "is_primary_shipping": False}
    if not values:
        return
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=5))
    await ctx.db.execute(
        f"""
        update contact set version = version + 1, updated_at = $3, updated_by = $4, {sets}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        entry.id,
        ctx.now,
        ctx.actor.name,
        *values.values(),
    )
    if owner != entry.account_id:
        await _record(ctx, "contact.deleted", entry.account_id, entry.id, before=entry.address_id)
        await _record(ctx, "contact.created", owner, entry.id, after=address)
    else:
        await _record(ctx, "contact.updated", owner, entry.id, before=entry.address_id, after=address)


async def remove(ctx: Ctx, entry: Entry, *, expect: frozenset[int] | None = None) -> None:
    """Take a contact that is locked out of the book; its address stands alone from now on. Raises Stale."""
    check_version(entry.version, expect)
    await places.keep_person(ctx, entry.address_id)
    await ctx.db.execute("delete from contact where tenant_id = $1 and id = $2", ctx.tenant_id, entry.id)
    await _record(ctx, "contact.deleted", entry.account_id, entry.id, before=entry.address_id)


async def _record(
    ctx: Ctx, topic: str, account_id: int, contact_id: int, *, before: int | None = None, after: int | None = None
) -> None:
    """Tell of a contact; `before` and `after` are the ids of its address."""
    changes: events.Changes = {}
    if before != after:
        changes[f"contact/{contact_id}/address_id"] = (before, after)
    await events.record(ctx, topic, account_id=account_id, subject=f"contact/{contact_id}", changes=changes)
