"""What a contact is, and what may be written into one."""

from datetime import datetime

import msgspec

from patron.kernel.errors import Invalid, Problem
from patron.kernel.values import COUNTRIES, holds_card_number
from patron.kernel.written import trimmed

ADDRESS_KINDS = {kind.lower(): kind for kind in ("Residential", "Commercial", "None")}

_LENGTHS = {
    "email": 254,
    "first_name": 200,
    "middle_name": 100,
    "last_name": 200,
    "company": 200,
    "label": 100,
    "fax": 50,
    "phone_home": 50,
    "phone_mobile": 50,
    "phone_work": 50,
    "line_1": 200,
    "line_2": 200,
    "line_3": 200,
    "line_4": 200,
    "city": 100,
    "state": 100,
    "postal_code": 100,
}
# Fields whose problems need the noun, because an account has fields of this name too.
_TOLD_AS = {name: f"contact_{name}" for name in ("email", "last_name")}
_FREE_TEXT = ("label", "line_1", "line_2", "line_3", "line_4", "city")


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a contact that a caller writes: the person, the address and what it serves for."""

    email: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    label: str | None = None
    fax: str | None = None
    phone_home: str | None = None
    phone_mobile: str | None = None
    phone_work: str | None = None
    is_billing: bool = False
    is_shipping: bool = False
    is_primary_billing: bool = False
    is_primary_shipping: bool = False
    line_1: str | None = None
    line_2: str | None = None
    line_3: str | None = None
    line_4: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    kind: str | None = None
    is_validated: bool | None = None


class Contact(msgspec.Struct, frozen=True, array_like=True):
    """A contact with its address. The fields stand in the order of `contacts.queries.COLUMNS`."""

    id: int
    version: int
    account_id: int
    address_id: int
    email: str | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    company: str | None
    label: str | None
    fax: str | None
    phone_home: str | None
    phone_mobile: str | None
    phone_work: str | None
    is_billing: bool
    is_shipping: bool
    is_primary_billing: bool
    is_primary_shipping: bool
    line_1: str | None
    line_2: str | None
    line_3: str | None
    line_4: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    kind: str | None
    is_validated: bool | None
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None


PERSON = Details.__struct_fields__[:14]
ADDRESS = Details.__struct_fields__[14:]


def checked(details: Details) -> Details:
    """The details with blanks trimmed, country and kind in canonical spelling. Raises Invalid with every fault.

    E-mail and types are not demanded and an e-mail address may be any text: callers store such contacts
    (Kibo behaviour 7).
    """
    changed, problems = trimmed(details, _LENGTHS, _TOLD_AS)
    for name in _FREE_TEXT:
        text = getattr(details, name)
        if text and len(text) <= _LENGTHS[name] and holds_card_number(text):
            problems.append(Problem(name, "must not hold a card number"))
    if details.country is not None:
        changed["country"] = details.country.strip().upper() or None
        if changed["country"] is not None and changed["country"] not in COUNTRIES:
            problems.append(Problem("country", "is not a country code (ISO 3166-1 alpha-2)"))
    if details.kind is not None:
        changed["kind"] = ADDRESS_KINDS.get(details.kind.strip().lower())
        if changed["kind"] is None and details.kind.strip():
            problems.append(Problem("kind", "is Residential, Commercial or None"))
    if problems:
        raise Invalid(*problems)
    return msgspec.structs.replace(details, **changed)


def paths(contact_id: int) -> dict[str, str]:
    """Which fields a change is told about, and by what path."""
    beginning = path(contact_id)
    return {name: beginning + name for name in (*PERSON, *ADDRESS)}


def path(contact_id: int) -> str:
    """What the paths of a contact's fields begin with."""
    return f"contact/{contact_id}/"
