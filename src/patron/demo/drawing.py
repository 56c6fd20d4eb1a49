"""Draws made-up customers: a seed number gives the same ones on every machine, at times before a given moment.

Customers are drawn in blocks, each from dice of its own, so that any block can be made without those before it.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from patron.credits.model import LIFE
from patron.demo.choices import Choices
from patron.demo.comings import comings
from patron.demo.dice import Dice
from patron.demo.people import Deed, Entry, Gift, Person
from patron.demo.places import Country, Name, countries

BLOCK = 1_000
SECONDS_BACK = 5 * 365 * 86_400
DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "post.example", "inbox.example")  # RFC 2606
LABELS = {"B2C": ("Home", "Work", "Parents"), "B2B": ("Head office", "Warehouse", "Workshop")}
FLATS = ("Apt 2", "Apt 14", "Unit 5", "2nd floor", "c/o reception")
GIFTS = (("StoreCredit", None), ("StoreCredit", None), ("GiftCard", None), ("Custom", "Goodwill"))
NOTES = (
    "Called about a late parcel; it arrived the next day.",
    "Asked for an invoice with the company's name.",
    "Prefers e-mail to phone calls.",
    "Sent the wrong size back; the exchange is on its way.",
    "Collects in the shop on Saturdays.",
    "Gave us a very kind review.",
    "Address changed by phone, checked against the last order.",
    "Wants one parcel for several orders where possible.",
    "Leave parcels with the neighbour on the left.",
    "Asked when the blue one is back in stock.",
    "Complained about too much packaging; passed on to the warehouse.",
    "Voucher granted for the damaged delivery.",
    "Buys for a small office; interested in yearly invoices.",
    "Please ring twice, the bell is broken.",
)


def external_id(seed: int, index: int) -> str:
    """The number of a customer in the shop's other systems. It is also how a later run finds where this one ended."""
    return f"C{seed}-{index:07}"


def people(seed: int, start: int, end: int, now: datetime, choices: Choices) -> Iterator[Person]:
    """The customers `start` up to `end` (exclusive), which lie in one block."""
    block = start // BLOCK
    # Dice of their own: who people are does not depend on what a tenant wants to know of them, on credits or visits.
    kinds = ("", " choices", " gifts", " visits")
    dice, of_tenant, of_gifts, of_visits = (Dice(f"patron {seed} {block}{what}") for what in kinds)
    for index in range(block * BLOCK, end):
        person = choices.complete(of_tenant, _person(dice, seed, index, now), now)
        gifts = _gifts(of_gifts, person, now)
        came = comings(of_visits, person.created_at, person.deeds, now)
        if index >= start:
            yield msgspec.structs.replace(person, gifts=gifts, comings=came)


def _gifts(dice: Dice, person: Person, now: datetime) -> list[Gift]:
    """One customer in twelve was given credit within the last year, a few of them twice; half have spent of it."""
    if not dice.chance(1 / 12):
        return []
    gifts = []
    for number in range(2 if dice.chance(0.15) else 1):
        at = _between(dice, max(person.created_at, now - timedelta(days=300)), now)
        kind, custom_kind = dice.pick(GIFTS)
        amount = dice.number(2, 40) * 500
        spent = dice.number(1, amount) if dice.chance(0.5) else 0
        code = f"{person.external_id}-{number + 1}"
        gifts.append(Gift(code, kind, custom_kind, amount, spent, at, at + LIFE))
    return gifts


def _person(dice: Dice, seed: int, index: int, now: datetime) -> Person:
    """One customer. One in ten is a guest, who left an address but no name: checkouts make such accounts."""
    is_guest = index % 10 == 9
    is_business = dice.chance(0.05) and not is_guest
    country = dice.pick(countries())
    first, last = dice.pick(country.first_names), dice.pick(country.last_names)
    created = now - timedelta(seconds=int(SECONDS_BACK * dice.throw() ** 2) + 3600)
    mark = f"{index}" if seed == 1 else f"{index}.{seed}"
    email = _email(dice, first, last, mark)
    company = dice.pick(country.companies).format(name=last.text) if is_business else None
    account_type = "B2B" if is_business else "B2C"
    number = external_id(seed, index)
    deeds = _deeds(dice, number, created, now, is_guest=is_guest)
    return Person(
        country=country.code,
        currency=country.currency,
        locale=country.locale,
        account_type=account_type,
        external_id=number,
        user_id=None if is_guest else hashlib.blake2b(f"{seed}/{index}".encode(), digest_size=16).hexdigest(),
        user_name=None if is_guest else f"{first.latin[0].upper()}{last.latin}{mark}" if dice.chance(0.1) else email,
        email=email,
        first_name=first.text,
        last_name=None if is_guest else last.text,
        company=company,
        tax_id=dice.fill(f"{country.code}#########") if is_business else None,
        is_tax_exempt=is_business and dice.chance(0.1),
        accepts_marketing=dice.chance(0.45),
        created_at=created,
        last_login_at=None if is_guest or dice.chance(0.15) else _between(dice, created, now),
        contacts=_contacts(dice, country, first, last, company, is_guest=is_guest),
        deeds=deeds,
        notes=[dice.pick(NOTES) for _ in range(dice.few(3))] if dice.chance(0.12) else (),
    )


def _email(dice: Dice, first: Name, last: Name, mark: str) -> str:
    """An address that nobody else has: the mark ends with the customer's index. Few write theirs in capitals."""
    style = dice.number(0, 19)
    domain = dice.pick(DOMAINS)
    if style == 0:
        return f"{first.latin.title()}.{last.latin.title()}{mark}@{domain.title()}"
    if style < 6:
        return f"{first.latin[0]}.{last.latin}{mark}@{domain}"
    return f"{first.latin}.{last.latin}{mark}@{domain}"


def _between(dice: Dice, start: datetime, end: datetime) -> datetime:
    return start + timedelta(seconds=int((end - start).total_seconds() * dice.throw()))


def _contacts(
    dice: Dice, country: Country, first: Name, last: Name, company: str | None, *, is_guest: bool
) -> list[Entry]:
    """An address book. The first entry is billed; a second one often gets the parcels."""
    throw = dice.throw()
    count = 1 if is_guest or throw < 0.68 else 0 if throw < 0.75 else 2 if throw < 0.96 else 3
    elsewhere = count > 1 and dice.chance(0.5)  # where parcels go first
    labels = LABELS["B2B" if company else "B2C"]
    entries = []
    for place in range(count):
        city = dice.pick(country.cities)
        number = dice.fill("#-#-1#") if country.code == "JP" else str(dice.few(240, 2))
        is_mobile = dice.chance(0.7)
        phone = dice.fill(country.phone)
        who = first if place < 2 else dice.pick(country.first_names)
        entries.append(
            Entry(
                labels[place],
                who.text,
                last.text,
                company,
                None if is_mobile else phone,
                phone if is_mobile else None,
                place == 0,
                True,
                place == 0,
                place == (1 if elsewhere else 0),
                country.line.format(street=dice.pick(country.streets), number=number),
                dice.pick(FLATS) if dice.chance(0.15) else None,
                city.name,
                city.state,
                dice.fill(city.postal_code),
                country.code,
                "Commercial" if company else "Residential",
                dice.chance(0.6),
            )
        )
    return entries


def _deeds(dice: Dice, number: str, created: datetime, now: datetime, *, is_guest: bool) -> list[Deed]:
    """Orders, some sent back in part or collected in a store, and wish lists."""
    deeds = []
    count = 1 if is_guest else 0 if dice.chance(0.3) else dice.few(12)
    for place in range(1, count + 1):
        at = created if is_guest else _between(dice, created, now)
        order, amount = f"{number}-{place}", 900 + int(24_000 * dice.throw() ** 3)
        way = "Website" if dice.chance(0.8) else dice.pick(("Store", "Call"))
        deeds.append(Deed(order, "Order", way, amount, at))
        if dice.chance(0.08):
            back = _between(dice, at, now)
            deeds.append(Deed(f"{order}-R", "Return", "Website", max(100, int(amount * dice.throw())), back))
        elif dice.chance(0.1):
            deeds.append(Deed(f"{order}-P", "OrderPickup", "Store", 0, _between(dice, at, now)))
    if not is_guest and dice.chance(0.12):
        deeds.append(Deed(f"{number}-W", "Wishlist", "Website", 0, _between(dice, created, now)))
    return deeds
