"""What a segment is, and what may be written into one."""

import re
from datetime import datetime

import msgspec

from patron.kernel.errors import Invalid, Problem
from patron.kernel.values import fold, holds_card_number

CODE_LENGTH_MAX = 100
NAME_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 2_000


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """A named set of accounts. The fields stand in the order of `segments.queries.COLUMNS`."""

    id: int
    version: int
    kind: str
    code: str
    name: str
    description: str | None
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as a caller wrote it. Without a code it gets one from its name."""

    code: str | None = None
    name: str | None = None
    description: str | None = None


class Member(msgspec.Struct, frozen=True):
    """An account in a segment. The fields stand in the order of `segments.queries.MEMBER`."""

    account_id: int
    since_at: datetime
    added_by: str | None


AUDITED = {name: name for name in ("code", "name", "description")}


def checked(details: Details, *, code: str | None = None) -> Details:
    """The details with blanks trimmed; `code` is the one that counts when none is given. Raises Invalid."""
    name, description = (details.name or "").strip(), (details.description or "").strip() or None
    given = (details.code or "").strip() or code or slug(name)
    problems = []
    if not name:
        problems.append(Problem("name", "is needed", "missing"))
    for field, text, length in (
        ("code", given, CODE_LENGTH_MAX),
        ("name", name, NAME_LENGTH_MAX),
        ("description", description, DESCRIPTION_LENGTH_MAX),
    ):
        if text is not None and len(text) > length:
            problems.append(Problem(field, f"has at most {length} characters", "too_long"))
    if description is not None and holds_card_number(description):
        problems.append(Problem("description", "must not hold a card number"))
    if problems:
        raise Invalid(*problems)
    return Details(code=given, name=name, description=description)


def slug(name: str) -> str:
    """A code made of a name: `Big spenders (EU)` becomes `big-spenders-eu`."""
    return re.sub(r"\W+", "-", fold(name)).strip("-")[:CODE_LENGTH_MAX].strip("-") or "segment"
