"""What a made-up customer is, before it has ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec


class Entry(NamedTuple):
    """One contact of an address book."""

    label: str
    first_name: str
    last_name: str
    company: str | None
    phone_home: str | None
    phone_mobile: str | None
    is_billing: bool
    is_shipping: bool
    is_primary_billing: bool
    is_primary_shipping: bool
    line_1: str
    line_2: str | None
    city: str
    state: str | None
    postal_code: str
    country: str
    kind: str
    is_validated: bool


class Deed(NamedTuple):
    """One account transaction; the amount is in minor units of the site's currency."""

    id: str
    kind: str
    interaction: str
    amount_minor: int
    at: datetime


class Coming(NamedTuple):
    """One visit; `deed` is the place of the order that it led to, among the customer's deeds."""

    at: datetime
    kind: str
    user_agent: str | None
    referrer: str | None
    location: str | None
    deed: int | None


class Value(NamedTuple):
    """The values of one custom attribute, encoded as they are stored."""

    definition_id: int
    fqn: str
    values: msgspec.Raw


class Gift(NamedTuple):
    """A credit of the customer, of which a part may be spent; amounts are in minor units of the site's currency."""

    code: str
    kind: str
    custom_kind: str | None
    amount_minor: int
    spent_minor: int
    at: datetime
    expires_at: datetime


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A customer. Guests have neither a user id nor a last name."""

    country: str
    currency: str
    locale: str
    account_type: str = "B2C"
    external_id: str
    user_id: str | None
    user_name: str | None
    email: str
    first_name: str
    last_name: str | None
    company: str | None = None
    tax_id: str | None = None
    is_tax_exempt: bool = False
    accepts_marketing: bool
    created_at: datetime
    last_login_at: datetime | None
    contacts: Sequence[Entry]
    deeds: Sequence[Deed]
    comings: Sequence[Coming] = ()
    notes: Sequence[str] = ()
    gifts: Sequence[Gift] = ()
    attributes: Sequence[Value] = ()
    segments: Sequence[tuple[int, str]] = ()  # id and kind
