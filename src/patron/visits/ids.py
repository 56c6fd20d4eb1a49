"""Ids of visits: UUIDv7 (RFC 9562 5.7) of the moment of the visit, so that an id says in which month it lies.

A caller's own id may be any text; `visit_key` leads from it to the visit.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OURS = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
_VERSION_AND_VARIANT = 7 << 76 | 0b10 << 62
_RANDOM = (1 << 80) - 1 & ~(0xF << 76) & ~(0b11 << 62)


def whole(at: datetime) -> datetime:
    """A moment in whole milliseconds, which is what an id can say."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def new_id(at: datetime) -> UUID:
    """A fresh id for a visit at a moment of whole milliseconds, not before 1970."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80 | int.from_bytes(os.urandom(10)) & _RANDOM | _VERSION_AND_VARIANT)


def read_id(text: str) -> tuple[UUID, datetime] | None:
    """An id of ours with the moment that it says; None for any other text."""
    if not _OURS.fullmatch(text):
        return None
    id_ = UUID(text)
    try:
        return id_, _EPOCH + timedelta(milliseconds=id_.int >> 80)
    except OverflowError:
        return None
