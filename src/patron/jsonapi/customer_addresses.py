"""Customer addresses: our contacts, each of which has one address (Commerce Layer behaviour 6)."""

from typing import Any

from patron.contacts.records import CUSTOMER_ADDRESSES as LISTING
from patron.customers import address_book
from patron.jsonapi.events import events_of
from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Relationship,
    Resource,
    common,
)
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid


async def create(ctx: Ctx, change: Change) -> int:
    """An address in the book of a customer, who is named by the relationship or by e-mail address."""
    links = change.relationships
    return await address_book.add(
        ctx,
        change.attributes,
        account_id=links.get("customer"),
        email=change.attributes.get("customer_email") if links.get("customer") is None else None,
        address_id=links.get("address"),
    )


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given; address and customer may be replaced, not removed."""
    links: dict[str, Any] = change.relationships
    for name, linked in links.items():
        if linked is None:
            raise Invalid.field(name, "can't be blank", "missing")
    await address_book.update(
        ctx,
        number,
        change.attributes,
        account_id=links.get("customer"),
        address_id=links.get("address"),
        expect=change.expect,
    )


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Take an address out of the book; it stands alone from then on."""
    await address_book.remove(ctx, number, expect=expect)


CUSTOMER_ADDRESSES = Resource(
    type="customer_addresses",
    listing=LISTING,
    attributes=(
        Attribute(name="name", column="name"),
        Attribute(name="customer_email", column="customer_email", write="c", required=True, instead="customer"),
        *common(),
    ),
    relationships=(
        Relationship(
            name="customer",
            targets=("customers",),
            own="account_id",
            filters=True,
            write="cu",
            required=True,
            instead="customer_email",
        ),
        Relationship(name="address", targets=("addresses",), own="address_id", filters=True, write="cu", required=True),
        events_of("customer_addresses", "contact"),
        EVENT_STORES,
    ),
    scopes=(Attribute(name="country_code", field="country"),),
    tells_missing=True,
    create=create,
    update=update,
    delete=delete,
    customer="CSLUD",
    owner="account_id",
)
