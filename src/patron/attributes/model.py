"""Definitions of custom attributes and the values on an account."""

from datetime import datetime
from typing import Any

import msgspec


class Attribute(msgspec.Struct, frozen=True, array_like=True):
    """The values of one definition on one account. The fields stand in the order of `attributes.queries.COLUMNS`."""

    definition_id: int
    version: int
    account_id: int
    fqn: str
    display_group: str
    is_visible: bool
    values: list[Any]
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    @property
    def is_for_shoppers(self) -> bool:
        """Whether a shopper may see the values."""
        return self.is_visible and self.display_group != "Admin"
