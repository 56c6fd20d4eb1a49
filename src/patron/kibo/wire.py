"""What all bodies of this dialect share: names in camelCase, audit blocks, times, collections."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from patron.kernel.errors import Invalid

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**63 - 1, extra_json_schema={"format": "int32"})]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]

_ENCODER = msgspec.json.Encoder()

T = TypeVar("T")
# A field that is never null in an answer, though callers may leave it out or send null.
Given = Annotated[T | None, Meta(extra_json_schema={"x-given": True})]


class Wire(msgspec.Struct, rename="camel", kw_only=True):
    """A body: every field is optional on input, where null and absent mean the same (Kibo behaviour 1.10)."""


class AdminUserAuditInfo(Wire):
    """Who made and who last changed something, and when."""

    create_by: str | None = None
    create_date: Time | None = None
    update_by: str | None = None
    update_date: Time | None = None


class Paged(Wire):
    """The frame of a collection. `nextCursor` is our extension: null on the last page."""

    start_index: Int32 = 0
    page_size: Int32 = 0
    page_count: Int32 = 0
    total_count: Int32 = 0
    next_cursor: str | None = None


def time(at: datetime | None) -> str | None:
    """A moment as this dialect writes it: UTC with milliseconds and `Z`."""
    if at is None:
        return None
    # An account has about ten times, and isoformat takes four times as long. Cut out: the quotes, a longer fraction.
    text = _ENCODER.encode(at if at.tzinfo is UTC else at.astimezone(UTC)).decode()
    return f"{text[1:24]}Z" if at.microsecond else f"{text[1:20]}.000Z"


def read_time(field: str, text: str | None) -> datetime | None:
    """A moment as clients write it (ISO 8601; without an offset it is UTC). Raises Invalid naming the field."""
    if text is None or not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field(field, "is not a date (ISO 8601)") from None


def audit(thing: Any) -> AdminUserAuditInfo:
    """The audit block of anything that has created_at and updated_at."""
    created = time(thing.created_at)
    return AdminUserAuditInfo(
        create_by=thing.created_by,
        create_date=created,
        update_by=thing.updated_by,
        update_date=created if thing.updated_at == thing.created_at else time(thing.updated_at),
    )
