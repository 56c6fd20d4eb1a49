"""What an account is, and what may be written into one."""

from datetime import datetime

import msgspec

from patron.kernel.errors import Invalid, Problem
from patron.kernel.values import check_email, email_key, fold
from patron.kernel.written import trimmed

NAME_LENGTH_MAX = 200
CODE_LENGTH_MAX = 200
TYPES = {"b2c": "B2C", "b2b": "B2B"}


class Account(msgspec.Struct, frozen=True):
    """An account without its children. The fields stand in the order of `accounts.queries.COLUMNS`."""

    id: int
    version: int
    customer_set: str
    account_type: str
    user_id: str | None
    email: str | None
    holds_email: bool
    user_name: str | None
    first_name: str | None
    last_name: str | None
    company: str | None
    external_id: str | None
    tax_id: str | None
    is_tax_exempt: bool
    accepts_marketing: bool
    locale: str | None
    is_active: bool
    is_locked: bool
    is_anonymous: bool
    has_foreign_hash: bool
    needs_migration: bool
    since_at: datetime
    second_factor_at: datetime | None
    order_count: int
    order_total_minor: int
    order_currency: str
    last_order_at: datetime | None
    wishlist_count: int
    visit_count: int
    last_visit_at: datetime | None
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    @property
    def has_login(self) -> bool:
        """Registered, as opposed to a guest."""
        return not self.is_anonymous


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an account that a caller writes."""

    account_type: str = "B2C"
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    external_id: str | None = None
    tax_id: str | None = None
    is_tax_exempt: bool = False
    accepts_marketing: bool = False
    locale: str | None = None


class Registration(msgspec.Struct, frozen=True):
    """What an account knows of its login."""

    user_id: str
    user_name: str
    has_foreign_hash: bool = False
    needs_migration: bool = False


# Which fields a change is told about, and by what path (they are the same here; children have a prefix).
AUDITED = {
    name: name
    for name in (
        *("email", "user_name", "first_name", "last_name", "company", "external_id", "tax_id", "is_tax_exempt"),
        *("accepts_marketing", "locale", "account_type", "is_active"),
    )
}

_LENGTHS = {
    "first_name": NAME_LENGTH_MAX,
    "last_name": NAME_LENGTH_MAX,
    "company": NAME_LENGTH_MAX,
    "external_id": CODE_LENGTH_MAX,
    "tax_id": 100,
    "locale": 16,
}


def checked(profile: Profile) -> Profile:
    """The profile with blanks trimmed and its type in canonical spelling. Raises Invalid with every fault."""
    changed, problems = trimmed(profile, _LENGTHS)
    if profile.email is not None:
        try:
            changed["email"] = check_email(profile.email) if profile.email.strip() else None
        except ValueError as error:
            problems.append(Problem("email", str(error)))
    account_type = TYPES.get(profile.account_type.strip().lower())
    if account_type is None:
        problems.append(Problem("account_type", "is B2C or B2B"))
    elif account_type == "B2B" and not changed.get("company", profile.company):
        problems.append(Problem("company", "is needed for a B2B account", "missing"))
    if problems:
        raise Invalid(*problems)
    return msgspec.structs.replace(profile, account_type=account_type, **changed)


def keys(profile: Profile, user_name: str | None) -> dict[str, str | None]:
    """The stored keys that follow from a profile: for uniqueness, order and search."""
    first, last, company = fold(profile.first_name), fold(profile.last_name), fold(profile.company)
    email = fold(profile.email)
    parts = (email, fold(user_name), first, last, company, fold(profile.external_id))
    return {
        "email_key": email_key(profile.email) if profile.email else None,
        "first_name_key": first,
        "last_name_key": last,
        "company_key": company,
        "email_sort": email,
        "search": " ".join(part for part in dict.fromkeys(parts) if part),
    }
