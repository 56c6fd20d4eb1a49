"""Addresses as the second dialect writes them: with an id of their own, standing alone or as a contact's.

Only what is given changes. The person of an address that a contact has is written into the contact, where the first
dialect reads it; one that stands alone keeps its own.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from patron.accounts import actions as accounts
from patron.contacts.records import DEGREE, phone_of
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Invalid, NotFound, Refused, Retry, check_version
from patron.kernel.values import COUNTRIES, check_email
from patron.kernel.written import REFERENCES, Text
from patron.kernel.written import checked as checked_texts
from patron.tags import tagging

PERSON = ("first_name", "last_name", "company", "phone", "email")
PLACE = ("line_1", "line_2", "city", "state", "postal_code", "country")
_TEXTS: dict[str, Text] = {
    "first_name": Text(200),
    "last_name": Text(200),
    "company": Text(200),
    "phone": Text(50),
    "email": Text(254),
    "line_1": Text(200, required=True, free=True),
    "line_2": Text(200, free=True),
    "city": Text(100, required=True, free=True),
    "state": Text(100),
    "postal_code": Text(100),
    "country": Text(2, required=True),
    "notes": Text(2_000, free=True),
    "billing_info": Text(500, free=True),
    **REFERENCES,
}
_LIMITS = {"latitude": 90, "longitude": 180}
# What an address keeps whoever has it, and what a copy takes along.
_COPIED = (*PLACE, "line_3", "line_4", "kind", "is_validated", "is_business", "notes", "latitude", "longitude",
           "billing_info", "metadata")  # fmt: skip
_OWN = ("is_business", "notes", "latitude", "longitude", "billing_info", *REFERENCES, "metadata")


class Needs(msgspec.Struct, frozen=True):
    """What an address must have beside its street, town and country."""

    phone: bool = True
    postal_code: Callable[[str], bool] = lambda _: True


class Address(msgspec.Struct, frozen=True):
    """An address, locked: whose it is, and its values with those of its contact's person."""

    id: int
    version: int
    account_id: int | None
    contact_id: int | None
    values: dict[str, Any]

    def column(self, name: str) -> str:
        """Where one of its values is kept. The phone number is the first of its contact's that there is."""
        if name != "phone" or self.contact_id is None:
            return name
        return next((one for one in _PHONES if self.values[one] is not None), _PHONES[0])


_PHONES = ("phone_home", "phone_mobile", "phone_work")
_PERSON_SQL = ", ".join(
    f"case when ac.id is null then d.{name} else {phone_of('ac') if name == 'phone' else f'ac.{name}'} end as {name}"
    for name in PERSON
)
_READ = f"""
    select d.id, d.version, d.account_id, ac.id as contact_id, {_PERSON_SQL}, d.line_3, d.line_4, d.kind,
           d.is_validated, {", ".join(f"ac.{name}" for name in _PHONES)},
           {", ".join(f"d.{name}" for name in (*PLACE, *_OWN))}
    from address d left join contact ac on ac.tenant_id = $1 and ac.address_id = d.id
    where d.tenant_id = $1 and d.id = $2 for update of d"""


async def lock(ctx: Ctx, address_id: int) -> Address:
    """The address, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(_READ, ctx.tenant_id, address_id)
    if row is None:
        raise NotFound("address", address_id)
    return Address(row["id"], row["version"], row["account_id"], row["contact_id"], dict(row))


async def owner(ctx: Ctx, address_id: int) -> int | None:
    """The account whose address book an address is in, or was in last."""
    found = await ctx.db.value(
        "select d.account_id from address d where d.tenant_id = $1 and d.id = $2", ctx.tenant_id, address_id
    )
    return None if found is None else int(found)


async def raise_version(ctx: Ctx, address_id: int) -> None:
    """Of an address that the caller has locked."""
    await ctx.db.execute(
        "update address set version = version + 1, updated_at = $3 where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        address_id,
        ctx.now,
    )


async def _lock_with_owner(ctx: Ctx, address_id: int) -> Address:
    """The same with the account whose address book it is in, which is locked before it, as everywhere."""
    account_id = await ctx.db.value(
        "select c.account_id from contact c where c.tenant_id = $1 and c.address_id = $2", ctx.tenant_id, address_id
    )
    if account_id is not None:
        await accounts.touch(ctx, account_id)
    found = await lock(ctx, address_id)
    if (found.account_id if found.contact_id is not None else None) != account_id:
        raise Retry  # it went into a book, or out of one, meanwhile
    return found


async def create(ctx: Ctx, given: Mapping[str, Any], needs: Needs) -> int:
    """An address that stands alone. Raises Invalid with every fault."""
    values = checked(given, None, needs)
    address_id = await insert(ctx, values)
    await events.record(ctx, "address.created", subject=f"address/{address_id}")
    return address_id


async def insert(ctx: Ctx, values: Mapping[str, Any], *, account_id: int | None = None) -> int:
    """Write a new address of values that are right, without its event."""
    places = ", ".join(f"${n}" for n in range(4, len(values) + 4))
    return int(
        await ctx.db.value(
            f"""
            insert into address (tenant_id, account_id, created_at, updated_at, {", ".join(values)})
            values ($1, $2, $3, $3, {places}) returning id
            """,
            ctx.tenant_id,
            account_id,
            ctx.now,
            *values.values(),
        )
    )


async def copy(ctx: Ctx, address_id: int) -> int:
    """A new address that stands alone, like this one: for an order, or another address book. Raises NotFound."""
    return await insert(ctx, copied(await lock(ctx, address_id)))


def copied(address: Address) -> dict[str, Any]:
    """What a copy of an address takes along: not its references, which name this one elsewhere."""
    return {name: address.values[name] for name in (*PERSON, *_COPIED)}


async def update(
    ctx: Ctx, address_id: int, given: Mapping[str, Any], needs: Needs, *, expect: frozenset[int] | None = None
) -> None:
    """Change what is given, of its contact, too. Raises NotFound, Stale, Invalid."""
    before = await _lock_with_owner(ctx, address_id)
    check_version(before.version, expect)
    values = checked(given, before.values, needs)
    changed = {name: value for name, value in values.items() if before.values[name] != value}
    if not changed:
        return
    person = {before.column(name): changed[name] for name in PERSON if name in changed}
    own = changed if before.contact_id is None else {n: v for n, v in changed.items() if n not in PERSON}
    if before.values["is_validated"] and not own.keys().isdisjoint(PLACE):
        own["is_validated"] = None  # that was said of another place
    places = "".join(f", {name} = ${n}" for n, name in enumerate(own, start=4))
    await ctx.db.execute(
        f"update address set version = version + 1, updated_at = $3{places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        address_id,
        ctx.now,
        *own.values(),
    )
    if before.contact_id is not None:
        await _write_person(ctx, before.contact_id, person)
    await _record(ctx, before, changed)


async def _write_person(ctx: Ctx, contact_id: int, person: Mapping[str, Any]) -> None:
    """Write into a contact what its address says of the person."""
    places = "".join(f", {name} = ${n}" for n, name in enumerate(person, start=5))
    await ctx.db.execute(
        f"""
        update contact set version = version + 1, updated_at = $3, updated_by = $4{places}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        contact_id,
        ctx.now,
        ctx.actor.name,
        *person.values(),
    )


async def _record(ctx: Ctx, before: Address, changed: Mapping[str, Any]) -> None:
    """Tell of a change. Values are told of where an account is known, with which they will be erased."""
    noun = f"address/{before.id}" if before.contact_id is None else f"contact/{before.contact_id}"
    changes: events.Changes = {}
    if before.account_id is not None:
        changes = {f"{noun}/{before.column(name)}": (before.values[name], value) for name, value in changed.items()}
    topic = "address.updated" if before.contact_id is None else "contact.updated"
    await events.record(ctx, topic, account_id=before.account_id, subject=noun, changes=changes)


async def delete(ctx: Ctx, address_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove an address that stands alone. Raises NotFound, Stale, or Refused for one that is in use."""
    before = await _lock_with_owner(ctx, address_id)
    check_version(before.version, expect)
    if before.contact_id is not None:
        raise Refused("address_in_book", "The address is in an address book: remove the customer address first.")
    await tagging.forget(ctx, "address", [address_id])
    try:
        await ctx.db.execute("delete from address where tenant_id = $1 and id = $2", ctx.tenant_id, address_id)
    except NotFound as error:  # a row elsewhere names it
        raise Refused("address_used", "The address is in use.") from error
    await events.record(ctx, "address.deleted", account_id=before.account_id, subject=f"address/{address_id}")


async def keep_person(ctx: Ctx, address_id: int) -> None:
    """Have an address take along the person of its contact, which is about to go, and stand alone. Its account is
    remembered, so that who removes the account removes what was its customer's.
    """
    person = ", ".join(f"{name} = {phone_of('c') if name == 'phone' else f'c.{name}'}" for name in PERSON)
    await ctx.db.execute(
        f"""
        update address as d set version = d.version + 1, updated_at = $3, {person}
        from contact c where d.tenant_id = $1 and d.id = $2 and c.tenant_id = $1 and c.address_id = d.id
        """,
        ctx.tenant_id,
        address_id,
        ctx.now,
    )


async def drop(ctx: Ctx, address_id: int) -> bool:
    """Remove an address with its contact and its tags, unless an order names it: then nothing. Answers which."""
    gone = await ctx.db.execute(
        """
        delete from address d where d.tenant_id = $1 and d.id = $2 and not exists (
            select from shop_order o where o.tenant_id = $1 and o.shipping_address_id = d.id)
        and not exists (select from shop_order o where o.tenant_id = $1 and o.billing_address_id = d.id)
        """,
        ctx.tenant_id,
        address_id,
    )
    if gone:
        await tagging.forget(ctx, "address", [address_id])
    return bool(gone)


async def forget_tags(ctx: Ctx, account_id: int) -> None:
    """Let go of the tags of all addresses of an account that is about to go, with them."""
    await ctx.db.execute(
        """
        delete from tagging l where l.tenant_id = $1 and l.kind = 'address' and l.owner_id = any(array(
            select d.id from address d where d.tenant_id = $1 and d.account_id = $2))
        """,
        ctx.tenant_id,
        account_id,
    )


def checked(given: Mapping[str, Any], before: Mapping[str, Any] | None, needs: Needs) -> dict[str, Any]:
    """What is given of an address, as it is to be stored. Raises Invalid with every fault.

    Of an address that is there, only what is given must be right: the first dialect demands less, and a note on such an
    address must be possible.
    """
    faults = Faults()
    values: dict[str, Any] = {}
    for name, rule in _TEXTS.items():
        with faults.of():
            values |= checked_texts(given, {name: rule}, is_new=before is None)
    if values.get("country"):
        values["country"] = values["country"].upper()
    with faults.of():
        _check_forms(values)
    for name, most in _LIMITS.items():
        if name in given:
            with faults.of():
                values[name] = _scaled(name, given[name], most)
    if "is_business" in given:
        values["is_business"] = bool(given["is_business"])
    elif before is None:
        values["is_business"] = False
    for name in _missing(values, before, needs):
        with faults.of():
            raise Invalid.field(name, "can't be blank", "missing")
    faults.tell()
    if "metadata" in given:
        values["metadata"] = given["metadata"] or {}
    return values


def _check_forms(values: Mapping[str, Any]) -> None:
    if values.get("country") and values["country"] not in COUNTRIES:
        raise Invalid.field("country", "is not a country code (ISO 3166-1 alpha-2)", "inclusion")
    if values.get("email"):
        try:
            check_email(values["email"])
        except ValueError:
            raise Invalid.field("email", "is invalid", "invalid") from None


def _scaled(name: str, value: Any, most: int) -> int | None:
    """Degrees as they are stored. Raises Invalid."""
    if value is None:
        return None
    if not -most <= value <= most:
        raise Invalid.field(name, f"must be from -{most} to {most}", "inclusion")
    return int((Decimal(str(value)) * DEGREE).to_integral_value())


def _missing(values: Mapping[str, Any], before: Mapping[str, Any] | None, needs: Needs) -> list[str]:
    """Which conditional fields are blank and may not be: those given, and those whose condition is given."""
    after = {**(before or {}), **values}
    is_new = before is None
    by_kind = ("company",) if after["is_business"] else ("first_name", "last_name")
    wanted = [name for name in by_kind if is_new or name in values or "is_business" in values]
    if needs.phone and (is_new or "phone" in values):
        wanted.append("phone")
    country = after.get("country")
    if country and (is_new or "postal_code" in values or "country" in values) and needs.postal_code(country):
        wanted.append("postal_code")
    return [name for name in wanted if not after.get(name)]
