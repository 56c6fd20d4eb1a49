"""What the address of a contact may claim, and whether it may be written, as the tenant has it (Kibo behaviour 7).

Lenient, the default: every address is kept, and one whose caller says that it is validated is held against the rules of
its country: if it cannot be right, the claim becomes false. Strict: every address is checked, by the tenant's service
if there is one; what is wrong is refused, and the check alone says what is validated. No address at all is fine.

All of this happens outside the transaction, as a service may be asked.
"""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence

import msgspec

from patron.addresses import offline, validation
from patron.addresses.model import Place
from patron.contacts.model import Details
from patron.customers.actions import NewCustomer
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.tenants.model import AddressPolicy

_FIELDS = Place.__struct_fields__


async def judged(ctx: Ctx, policy: AddressPolicy, contacts: Sequence[Details], where: Sequence[str]) -> list[Details]:
    """The contacts with what is known of their addresses.

    Raises Invalid with every fault of every one; `where` says what stands before its fields, such as `contacts[0].`.
    """
    places = {n: place for n, one in enumerate(contacts) if (place := _place(one)) is not None}
    if not policy.strict:
        return await _lenient(contacts, places)
    outcomes = dict(zip(places, await validation.check_many(ctx, policy, list(places.values())), strict=True))
    problems = [
        dataclasses.replace(problem, field=f"{where[n]}{problem.field}")
        for n, outcome in outcomes.items()
        for problem in outcome.problems or outcome.doubts
    ]
    if problems:
        raise Invalid(*problems)
    return _marked(contacts, {n: outcome.is_validated for n, outcome in outcomes.items()})


async def judged_customers(
    ctx: Ctx, policy: AddressPolicy, news: Sequence[NewCustomer], where: Sequence[str]
) -> list[NewCustomer]:
    """The same for the contacts of new customers, all at once."""
    contacts = [one for new in news for one in new.contacts]
    places = [f"{row}contacts[{n}]." for row, new in zip(where, news, strict=True) for n in range(len(new.contacts))]
    found = iter(await judged(ctx, policy, contacts, places))
    return [msgspec.structs.replace(new, contacts=[next(found) for _ in new.contacts]) for new in news]


def _place(contact: Details) -> Place | None:
    place = Place(**{name: getattr(contact, name) for name in _FIELDS})
    return place if any((getattr(place, name) or "").strip() for name in _FIELDS if name != "kind") else None


async def _lenient(contacts: Sequence[Details], places: Mapping[int, Place]) -> list[Details]:
    claimed = {n: place for n, place in places.items() if contacts[n].is_validated}
    outcomes = await asyncio.to_thread(lambda: [offline.check(one) for one in claimed.values()]) if claimed else []
    return _marked(contacts, {n: not outcome.problems for n, outcome in zip(claimed, outcomes, strict=True)})


def _marked(contacts: Sequence[Details], found: Mapping[int, bool]) -> list[Details]:
    return [
        msgspec.structs.replace(one, is_validated=found[n]) if n in found else one for n, one in enumerate(contacts)
    ]
