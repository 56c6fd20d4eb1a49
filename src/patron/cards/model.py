"""A card, and what may be written about one."""

import unicodedata
from datetime import datetime
from typing import Any

import msgspec

from patron.kernel.errors import Invalid, Problem
from patron.kernel.values import holds_card_number

ID_LENGTH_MAX = 200
UNMASKED_DIGITS_MAX = 4
YEAR_MIN, YEAR_MAX = 2000, 2100

_LENGTHS = {"masked": 30, "kind": 50, "name_on_card": 200}


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a card that a caller writes. Its id comes from the payment service that holds the number."""

    contact_id: int | None = None
    masked: str | None = None
    kind: str | None = None
    name_on_card: str | None = None
    expire_month: int | None = None
    expire_year: int | None = None
    is_default: bool = False


class Card(msgspec.Struct, frozen=True):
    """A card. The fields stand in the order of `cards.queries.COLUMNS`."""

    id: str
    version: int
    account_id: int
    contact_id: int | None
    masked: str | None
    kind: str | None
    name_on_card: str | None
    expire_month: int | None
    expire_year: int | None
    is_default: bool
    created_at: datetime
    updated_at: datetime


def checked_id(card_id: str | None) -> str:
    """The payment service's token for a card, as it is. Raises Invalid."""
    if card_id is None or not card_id.strip():
        raise Invalid.field("id", "is needed: the payment service's token for the card", "missing")
    if len(card_id) > ID_LENGTH_MAX:
        raise Invalid.field("id", f"has at most {ID_LENGTH_MAX} characters", "too_long")
    return card_id


def checked(details: Details) -> Details:
    """The details with blanks trimmed. Raises Invalid with every fault.

    No field may hold a full number, and the masked one at most four digits of it (Kibo behaviour 12, PCI DSS 3.4).
    """
    problems = []
    values: dict[str, Any] = {}
    for name, length in _LENGTHS.items():
        text = getattr(details, name)
        field = "card_kind" if name == "kind" else name
        values[name] = text.strip() or None if text is not None else None
        if text is not None and len(text) > length:
            problems.append(Problem(field, f"has at most {length} characters", "too_long"))
        elif name == "masked" and _digits(text or "") > UNMASKED_DIGITS_MAX:
            problems.append(Problem(field, f"shows at most {UNMASKED_DIGITS_MAX} digits of the number"))
        elif text is not None and holds_card_number(unicodedata.normalize("NFKC", text)):
            problems.append(Problem(field, "must not hold a card number"))
    if details.expire_month is not None and not 1 <= details.expire_month <= 12:
        problems.append(Problem("expire_month", "is between 1 and 12"))
    if details.expire_year is not None and not YEAR_MIN <= details.expire_year <= YEAR_MAX:
        problems.append(Problem("expire_year", f"is between {YEAR_MIN} and {YEAR_MAX}"))
    if problems:
        raise Invalid(*problems)
    return msgspec.structs.replace(details, **values)


def _digits(text: str) -> int:
    """How many digits there are, in whatever script or width."""
    return sum(c.isdecimal() for c in unicodedata.normalize("NFKC", text))


def paths(card_id: str) -> dict[str, str]:
    """Which fields a change is told about, and by what path."""
    return {name: f"card/{card_id}/{name}" for name in Details.__struct_fields__}
