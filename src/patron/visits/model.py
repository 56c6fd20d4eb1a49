"""What a visit is, and what may be written into one (Kibo behaviour 12)."""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from patron.kernel.errors import Invalid, Problem
from patron.visits.devices import device_of
from patron.visits.ids import new_id, whole

KINDS = {kind.lower(): kind for kind in ("Website", "Store", "Call", "Unknown")}
# How the kinds of a visit are called as ways to a shop.
CHANNELS = {"Website": "online", "Store": "store", "Call": "call", "Unknown": "unknown"}

KEY_LENGTH_MAX = 200
RESERVED_KEYS = frozenset({"batch", "analytics"})  # paths of their own
AHEAD_MAX = timedelta(days=1)  # clocks differ, and so do ideas of a day

_LENGTHS = {
    "key": KEY_LENGTH_MAX,
    "user_id": 200,
    "session_id": 200,
    "referrer": 2_000,
    "user_agent": 2_000,
    "browser_location": 200,
    "location": 200,
}
_TOLD_AS = {"key": "id", "kind": "visit_kind"}


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """A visit as a caller wrote it. `key` is the caller's own id; a time that is left out is now."""

    key: str | None = None
    account_id: int | None = None
    user_id: str | None = None
    kind: str | None = None
    at: datetime | None = None
    site_id: int | None = None
    session_id: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    browser_location: str | None = None
    location: str | None = None


class Visit(msgspec.Struct, frozen=True):
    """A visit as it is stored. The fields stand in the order of `visits.queries.COLUMNS`."""

    id: UUID
    version: int
    key: str | None
    at: datetime
    kind: str
    account_id: int | None
    user_id: str | None
    site_id: int
    session_id: str | None
    referrer: str | None
    user_agent: str | None
    browser_location: str | None
    location: str | None
    device: str
    visitor: int

    @property
    def name(self) -> str:
        """The id that callers know."""
        return self.key or self.id.hex


def checked(details: Details, *, site_id: int, now: datetime, id: UUID | None = None) -> Visit:  # noqa: A002
    """The visit that a caller's details mean, at `site_id` unless they name another; `id` if it has one already.

    Raises Invalid with every fault. Whether account and site are there, and whether the date is not too long ago, is
    not known here.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, length in _LENGTHS.items():
        text = getattr(details, name)
        if text is not None and len(text) > length:
            problems.append(Problem(_TOLD_AS.get(name, name), f"has at most {length} characters", "too_long"))
        values[name] = (text.strip() or None) if text else None
    if values["key"] and values["key"].lower() in RESERVED_KEYS:
        problems.append(Problem("id", "is the name of something else"))
    kind = KINDS.get((details.kind or "Unknown").strip().lower())
    if kind is None:
        problems.append(Problem("visit_kind", "is Website, Store, Call or Unknown"))
    if details.at is not None and details.at > now + AHEAD_MAX:
        problems.append(Problem("date", "lies in the future"))
    if problems:
        raise Invalid(*problems)
    at = whole(details.at or now)
    id_ = id or new_id(at)
    return Visit(
        id=id_,
        version=1,
        at=at,
        kind=kind or "",
        account_id=details.account_id,
        site_id=details.site_id or site_id,
        device=device_of(values["user_agent"]),
        visitor=_visitor(details.account_id, values, id_),
        **values,
    )


def _visitor(account_id: int | None, values: dict[str, Any], id_: UUID) -> int:
    """The number of who came: the account, else the user, else the session, else somebody who came this once."""
    if account_id is not None:
        return visitor_of(account_id)
    if values["user_id"]:
        return _number(f"u{values['user_id']}")
    return _number(f"s{values['session_id']}" if values["session_id"] else f"v{id_.hex}")


def visitor_of(account_id: int) -> int:
    """The number under which an account comes."""
    return _number(f"a{account_id}")


def _number(who: str) -> int:
    return int.from_bytes(blake2b(who.encode(), digest_size=8).digest(), signed=True)


# Which fields a change is told about: what is no trace of a person on the web. Those go with the visit.
_AUDITED = ("at", "kind", "account_id", "site_id", "location")


def paths(name: str) -> dict[str, str]:
    """Which fields a change of a visit is told about, and by what path."""
    return {field: f"visit/{name}/{field}" for field in _AUDITED}
