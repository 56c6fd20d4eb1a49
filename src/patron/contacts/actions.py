"""Changes of an account's address book. Every one raises the account's version and keeps one primary a type."""

from collections.abc import Iterable

import msgspec

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.contacts import places, queries
from patron.contacts.model import ADDRESS, PERSON, Contact, Details, checked, paths
from patron.kernel import events, ids
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, check_version

CONTACTS_AT_ONCE_MAX = 200


def _typed(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {'boolean' if name.startswith('is_') else 'text'}" for name in names)


_PLACE, _PERSON = _typed(ADDRESS), _typed(PERSON)


async def add(ctx: Ctx, account_id: int, details: Details) -> Contact:
    """Add a contact to an account. Raises NotFound, Invalid."""
    try:
        details = checked(details)
    except Invalid:
        await account_queries.require(ctx, account_id)  # an account that is not there is the larger fault
        raise
    if details.is_primary_billing or details.is_primary_shipping:
        await accounts.touch(ctx, account_id)
    else:
        await accounts.raise_version(ctx, account_id)
    (contact,) = await _add(ctx, account_id, [details])
    return contact


async def put(ctx: Ctx, account_id: int, given: list[tuple[int | None, Details]]) -> list[Contact]:
    """Add many contacts; one whose id the account knows is replaced instead. Answers them in their order.

    Raises NotFound, Invalid.
    """
    _check_count(len(given))
    await accounts.touch(ctx, account_id)
    known = {one.id for one in await queries.by_ids(ctx, account_id, [number for number, _ in given if number])}
    added = iter(await _add(ctx, account_id, [details for number, details in given if number not in known]))
    numbers = [number if number in known else next(added).id for number, _ in given]
    for number, details in given:
        if number in known:
            await _replace(ctx, account_id, number, details)
    written = {one.id: one for one in await queries.by_ids(ctx, account_id, numbers)}
    return [written[number] for number in numbers]


async def _add(ctx: Ctx, account_id: int, details: list[Details]) -> list[Contact]:
    contacts = await insert(ctx, account_id, details)
    for contact in contacts:
        changes = events.difference(None, contact, paths(contact.id))
        await events.record(
            ctx, "contact.created", account_id=account_id, subject=f"contact/{contact.id}", changes=changes
        )
    return contacts


async def insert(ctx: Ctx, account_id: int, details: list[Details], *, is_new: bool = False) -> list[Contact]:
    """Write contacts of an account that the caller has locked, or has just made (`is_new`: it has none to tell from).

    At most one statement before those that are queued, however many there are.
    """
    if not details:
        return []
    _check_count(len(details))
    details = one_primary([checked(one) for one in details])
    if not is_new and any(one.is_primary_billing or one.is_primary_shipping for one in details):
        await _clear_primary(
            ctx,
            account_id,
            billing=any(one.is_primary_billing for one in details),
            shipping=any(one.is_primary_shipping for one in details),
        )
    contact_ids = await ids.take(ctx.db, "contact", len(details))
    address_ids = await ids.take(ctx.db, "address", len(details))
    stamps = (ctx.now, ctx.actor.name, ctx.now, ctx.actor.name)
    written = []
    for contact_id, address_id, one in zip(contact_ids, address_ids, details, strict=True):
        given = [getattr(one, name) for name in (*PERSON, *ADDRESS)]
        written.append(Contact(*[contact_id, 1, account_id, address_id, *given, *stamps]))
    await _write(ctx, account_id, written)
    return written


async def _write(ctx: Ctx, account_id: int, contacts: list[Contact]) -> None:
    await ctx.db.write(
        f"""
        insert into address (tenant_id, id, account_id, created_at, updated_at, {", ".join(ADDRESS)})
        select $1, address_id, $2, $4, $4, {", ".join(ADDRESS)}
        from jsonb_to_recordset($3) as g (address_id bigint, {_PLACE})
        """,
        ctx.tenant_id,
        account_id,
        [{name: getattr(one, name) for name in ("address_id", *ADDRESS)} for one in contacts],
        ctx.now,
    )
    await ctx.db.write(
        f"""
        insert into contact (tenant_id, id, account_id, address_id, {", ".join(PERSON)},
                             created_at, created_by, updated_at, updated_by)
        select $1, id, $2, address_id, {", ".join(PERSON)}, $4, $5, $4, $5
        from jsonb_to_recordset($3) as g (id bigint, address_id bigint, {_PERSON})
        """,
        ctx.tenant_id,
        account_id,
        [{name: getattr(one, name) for name in ("id", "address_id", *PERSON)} for one in contacts],
        ctx.now,
        ctx.actor.name,
    )


async def update(
    ctx: Ctx, account_id: int, contact_id: int, details: Details, *, expect: frozenset[int] | None = None
) -> Contact:
    """Replace a contact and its address. Raises NotFound, Invalid, Stale."""
    await accounts.touch(ctx, account_id)
    return await _replace(ctx, account_id, contact_id, details, expect=expect)


async def _replace(
    ctx: Ctx, account_id: int, contact_id: int, details: Details, *, expect: frozenset[int] | None = None
) -> Contact:
    before = await queries.get(ctx, account_id, contact_id)
    check_version(before.version, expect)
    details = checked(details)
    if details.is_primary_billing or details.is_primary_shipping:
        await _clear_primary(
            ctx, account_id, billing=details.is_primary_billing, shipping=details.is_primary_shipping, but=contact_id
        )
    person = ", ".join(f"{name} = ${n}" for n, name in enumerate(PERSON, start=5))
    await ctx.db.execute(
        f"""
        update contact set version = version + 1, updated_at = $3, updated_by = $4, {person}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        contact_id,
        ctx.now,
        ctx.actor.name,
        *(getattr(details, name) for name in PERSON),
    )
    place = ", ".join(f"{name} = ${n}" for n, name in enumerate(ADDRESS, start=4))
    await ctx.db.execute(
        f"update address set version = version + 1, updated_at = $3, {place} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        before.address_id,
        ctx.now,
        *(getattr(details, name) for name in ADDRESS),
    )
    after = await queries.get(ctx, account_id, contact_id)
    changes = events.difference(before, after, paths(contact_id))
    if changes:
        await events.record(
            ctx, "contact.updated", account_id=account_id, subject=f"contact/{contact_id}", changes=changes
        )
    return after


async def delete(ctx: Ctx, account_id: int, contact_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a contact, and its address unless an order names it; the caller has forgotten the cards that point at it.

    Raises NotFound, Stale.
    """
    await accounts.touch(ctx, account_id)
    before = await queries.get(ctx, account_id, contact_id)
    check_version(before.version, expect)
    if not await places.drop(ctx, before.address_id):
        await places.keep_person(ctx, before.address_id)
        await ctx.db.execute("delete from contact where tenant_id = $1 and id = $2", ctx.tenant_id, contact_id)
    changes = events.difference(before, None, paths(contact_id))
    await events.record(ctx, "contact.deleted", account_id=account_id, subject=f"contact/{contact_id}", changes=changes)


def _check_count(count: int) -> None:
    if count > CONTACTS_AT_ONCE_MAX:
        raise Invalid.field("contacts", f"has at most {CONTACTS_AT_ONCE_MAX} entries", "too_long")


def one_primary(details: list[Details]) -> list[Details]:
    """When several new contacts want to be primary for the same type, the last one is."""
    kept = []
    billing = shipping = False
    for one in reversed(details):
        kept.append(
            msgspec.structs.replace(
                one,
                is_primary_billing=one.is_primary_billing and not billing,
                is_primary_shipping=one.is_primary_shipping and not shipping,
            )
        )
        billing, shipping = billing or one.is_primary_billing, shipping or one.is_primary_shipping
    return kept[::-1]


async def _clear_primary(ctx: Ctx, account_id: int, *, billing: bool, shipping: bool, but: int = 0) -> None:
    await ctx.db.execute(
        """
        update contact set version = version + 1, is_primary_billing = is_primary_billing and not $3,
               is_primary_shipping = is_primary_shipping and not $4
        where tenant_id = $1 and account_id = $2 and id <> $5
          and ((is_primary_billing and $3) or (is_primary_shipping and $4))
        """,
        ctx.tenant_id,
        account_id,
        billing,
        shipping,
        but,
    )
