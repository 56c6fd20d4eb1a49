"""A note, and what may be written into one."""

from datetime import datetime

import msgspec

from patron.kernel.errors import Invalid
from patron.kernel.values import holds_card_number

CONTENT_LENGTH_MAX = 4000


class Note(msgspec.Struct, frozen=True, array_like=True):
    """A note. The fields stand in the order of `notes.queries.COLUMNS`."""

    id: int
    version: int
    account_id: int
    content: str
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None


def checked(content: str | None) -> str:
    """The content of a note. Raises Invalid."""
    if content is None or not content.strip():
        raise Invalid.field("content", "is needed", "missing")
    if len(content) > CONTENT_LENGTH_MAX:
        raise Invalid.field("content", f"has at most {CONTENT_LENGTH_MAX} characters", "too_long")
    if holds_card_number(content):
        raise Invalid.field("content", "must not hold a card number")
    return content
