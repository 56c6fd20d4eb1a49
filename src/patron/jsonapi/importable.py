"""Which types can be imported, and what makes a row the same thing as one that is there (behaviour 7)."""

import msgspec

# Who is meant where a row says only an address.
EMAIL = "customer_email"


class Importable(msgspec.Struct, frozen=True):
    """A type that can be imported. `keys` are fields of its listing with the wire names of a row that must be equal;
    an id comes before them. `parent` is the relationship that `parent_resource_id` fills in. `states` are the triggers
    that bring a new one to the status that a row gives.
    """

    keys: tuple[tuple[str, str], ...] = ()
    parent: str | None = None
    states: dict[str, tuple[str, ...]] = {}


_ORDER_STATES: dict[str, tuple[str, ...]] = {
    "draft": (),
    "pending": ("_pending",),
    "placed": ("_place",),
    "approved": ("_place", "_approve"),
    "cancelled": ("_cancel",),
}

IMPORTABLE: dict[str, Importable] = {
    "addresses": Importable(),
    "customers": Importable((("email", "email"),)),
    "customer_addresses": Importable((("account_id", "customer"), ("address_id", "address")), "customer"),
    "customer_payment_sources": Importable((("account_id", "customer"), ("token", "payment_source_token")), "customer"),
    "customer_subscriptions": Importable((("account_id", "customer"), ("reference", "reference")), "customer"),
    "orders": Importable((("own_number", "number"),), "market", _ORDER_STATES),
    "sku_lists": Importable((), "customer"),
    "sku_list_items": Importable((("sku_list_id", "sku_list"), ("sku_code", "sku_code")), "sku_list"),
    "tags": Importable((("name", "name"),)),
}
