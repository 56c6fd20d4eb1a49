"""Definitions of custom attributes, and the values on an account."""

from datetime import datetime
from typing import Any

import msgspec

from patron.kernel.definitions import Metadata, Validation

# Whose attributes a definition makes: the family. Those of accounts by the type of the account.
FAMILIES = {"B2C": "customer", "B2B": "account"}
ORDERS = "order"


class Label(msgspec.Struct, frozen=True):
    """What people read instead of a code or value, in one language."""

    locale: str | None = None
    text: str | None = None


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a vocabulary. Hidden ones are for storefronts to leave out of forms."""

    value: str
    label: Label
    position: int | None = None
    is_hidden: bool = False


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of thing (order, return, shipment …) that has an order's attribute, and whether it may be changed there.

    Told to those who keep such things; nothing here acts by it. The same goes for `Inheritance`.
    """

    id: int = 0
    kind: str
    is_editable: bool = False


class Inheritance(msgspec.Struct, frozen=True, kw_only=True):
    """That one kind of thing takes its values over from another when it is made, and how."""

    id: int = 0
    source: str
    target: str
    mode: str | None = None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a definition that a caller writes. None stands for what the caller left out."""

    code: str | None = None
    namespace: str | None = None
    admin_name: str | None = None
    data_type: str | None = None
    input_type: str | None = None
    value_type: str | None = None
    display_group: str | None = None
    is_active: bool | None = None
    is_required: bool | None = None
    is_read_only: bool | None = None
    is_multi_valued: bool | None = None
    is_visible: bool | None = None
    for_discounts: bool | None = None
    for_order_routing: bool | None = None
    for_rules: bool | None = None
    position: int | None = None
    content: Label = Label()
    validation: Validation = Validation()
    vocabulary: list[Word] = []
    metadata: list[Metadata] = []
    entities: list[Entity] = []
    inheritance: list[Inheritance] = []


class Definition(msgspec.Struct, frozen=True, array_like=True):
    """A definition. The fields stand in the order of `attributes.queries.DEFINITION`."""

    id: int
    version: int
    family: str
    namespace: str
    code: str
    fqn: str
    admin_name: str | None
    data_type: str
    input_type: str
    value_type: str
    display_group: str
    is_active: bool
    is_required: bool
    is_read_only: bool
    is_multi_valued: bool
    is_visible: bool
    for_discounts: bool
    for_order_routing: bool
    for_rules: bool
    position: int | None
    content: Label
    validation: Validation
    vocabulary: list[Word]
    metadata: list[Metadata]
    entities: list[Entity]
    inheritance: list[Inheritance]
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    @property
    def is_predefined(self) -> bool:
        """Whether values come from the vocabulary."""
        return self.value_type == "Predefined"

    @property
    def is_for_shoppers(self) -> bool:
        """Whether a shopper may see the values."""
        return self.is_active and self.is_visible and self.display_group != "Admin"

    @property
    def is_written_by_shoppers(self) -> bool:
        """Whether a shopper may set values (Kibo behaviour 9.2)."""
        staffs = self.display_group == "Admin" or self.value_type == "AdminEntered"
        return self.is_active and not staffs and not self.is_read_only

    @property
    def is_asked_of_shoppers(self) -> bool:
        """Whether a shopper must give a value: never one that the shopper could not."""
        return self.is_required and self.is_for_shoppers and self.is_written_by_shoppers


class Attribute(msgspec.Struct, frozen=True, array_like=True):
    """The values of one definition on one account. The fields stand in the order of `attributes.queries.COLUMNS`."""

    definition_id: int
    version: int
    account_id: int
    fqn: str
    display_group: str
    is_visible: bool
    is_active: bool
    values: list[Any]
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    @property
    def is_for_shoppers(self) -> bool:
        """Whether a shopper may see the values."""
        return self.is_active and self.is_visible and self.display_group != "Admin"


# Which fields of a definition a change is told about, and by what path.
AUDITED = {
    name: name
    for name in (
        *("admin_name", "data_type", "input_type", "value_type", "display_group", "is_active", "is_required"),
        *("is_read_only", "is_multi_valued", "is_visible", "for_discounts", "for_order_routing", "for_rules"),
        *("position", "content", "validation", "vocabulary", "metadata", "entities", "inheritance"),
    )
}
