"""Addresses: with an id of their own, standing alone or in an address book (Commerce Layer behaviour 6)."""

from typing import Any

from patron.contacts import places
from patron.contacts.records import ADDRESSES as LISTING
from patron.contacts.records import DEGREE
from patron.customers import address_book
from patron.jsonapi import tags
from patron.jsonapi.events import events_of
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid
from patron.kernel.query import Compare
from patron.tags.tagging import Owner

# Attributes as the core calls them, where that is something else.
_FIELDS = {
    "zip_code": "postal_code",
    "state_code": "state",
    "country_code": "country",
    "lat": "latitude",
    "lng": "longitude",
    "business": "is_business",
}


async def prepare(ctx: Ctx, change: Change) -> places.Needs:
    """What the country asks of an address."""
    return await address_book.needs(ctx, change.attributes.get("country_code"))


def _given(change: Change) -> dict[str, Any]:
    if change.relationships.get("geocoder") is not None:
        raise Invalid.field("geocoder", "must exist", "required")  # there are none
    return {_FIELDS.get(name, name): value for name, value in change.attributes.items()}


async def create(ctx: Ctx, change: Change) -> int:
    """An address that stands alone."""
    number = await places.create(ctx, _given(change), change.prepared)
    await _tag(ctx, number, change)
    return number


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given; the person of a contact's address changes in the contact."""
    await places.update(ctx, number, _given(change), change.prepared, expect=change.expect)
    await _tag(ctx, number, change)


async def _tag(ctx: Ctx, number: int, change: Change) -> None:
    if tags.names_tags(change):
        address = await places.lock(ctx, number)
        if await tags.apply(ctx, Owner("address", number, address.account_id), change):
            await places.raise_version(ctx, number)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that is in no address book."""
    await places.delete(ctx, number, expect=expect)


def _found(name: str, column: str | None = None, *, sorts: bool = False, required: bool = False) -> Attribute:
    column = column or name
    return Attribute(name=name, column=column, field=column, sorts=sorts, write="cu", required=required)


def _degrees(scaled: int | None) -> float | None:
    return None if scaled is None else scaled / DEGREE


def _is_localized(row: Row) -> bool:
    return row["latitude"] is not None and row["longitude"] is not None


def _map_url(row: Row) -> str | None:
    if not _is_localized(row):
        return None
    place = f"{_degrees(row['latitude'])},{_degrees(row['longitude'])}"
    return f"https://www.google.com/maps/search/?api=1&query={place}"


# What somebody may reach who knows the id: addresses that belong to nobody.
_NOBODYS = Compare("account_id", "eq", None)

ADDRESSES = Resource(
    type="addresses",
    listing=LISTING,
    attributes=(
        Attribute(name="business", kind="boolean", column="is_business", field="is_business", write="cu"),
        _found("first_name"),
        _found("last_name"),
        _found("company"),
        Attribute(name="full_name", column="full_name"),
        _found("line_1", required=True),
        _found("line_2"),
        _found("city", sorts=True, required=True),
        _found("zip_code", "postal_code"),
        _found("state_code", "state", sorts=True),
        _found("country_code", "country", sorts=True, required=True),
        _found("phone", required=True),
        Attribute(name="full_address", column="full_address"),
        Attribute(name="name", column="name"),
        _found("email"),
        _found("notes"),
        Attribute(name="lat", kind="float", column="latitude", field="latitude", write="cu", show=_degrees),
        Attribute(name="lng", kind="float", column="longitude", field="longitude", write="cu", show=_degrees),
        Attribute(name="is_localized", kind="boolean", column="latitude", of_row=_is_localized),
        Attribute(name="is_geocoded", kind="boolean", column="nothing", show=lambda _: False),
        Attribute(name="provider_name", column="nothing"),
        Attribute(name="map_url", column="latitude", of_row=_map_url),
        Attribute(name="static_map_url", column="nothing"),
        _found("billing_info"),
        *common(),
    ),
    relationships=(
        Relationship(name="geocoder", targets=("geocoders",), write="cu"),
        events_of("addresses", "address"),
        tags.tags_of("address"),
        EVENT_STORES,
    ),
    triggers=tags.TRIGGERS,
    prepare=prepare,
    create=create,
    update=update,
    delete=delete,
    guest="CSUD",
    owner="account_id",
    guest_reach=dict.fromkeys("SUD", _NOBODYS),
    tells_missing=True,
    error_names={core: wire for wire, core in _FIELDS.items()},
)
