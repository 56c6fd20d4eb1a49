"""What a segment is."""

from datetime import datetime

import msgspec


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
