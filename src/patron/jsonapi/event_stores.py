"""Event stores: what was changed of a resource, from what to what, and by whom (Commerce Layer behaviour 6).

The log of a resource is read by cursor only, the oldest entry first, and nobody counts it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.jsonapi import asking, ids
from patron.jsonapi.errors import Refusal
from patron.jsonapi.operations import Document, Request, owner_of, page_of
from patron.jsonapi.resources import Attribute, Resource, common
from patron.kernel.db import Row
from patron.webhooks import history

_UNCOUNTED = "(0 * $1::bigint)"
# Of an address book the log has the fields of the address, too.
_BESIDE = {"customer_addresses": "addresses"}


def _who(row: Row) -> dict[str, Any]:
    """The program, the customer or user for whom it acted, or our own worker."""
    application = owner = worker = None
    if row["application_id"] is not None:
        application = {
            "id": ids.shown(row["application_id"]),
            "client_id": row["client_id"],
            "kind": row["application_kind"],
            "public": row["application_kind"] == "sales_channel",
        }
    if row["owner_number"] is not None:
        owner = {
            "id": ids.shown(row["owner_number"]),
            "type": row["owner_type"],
            "email": row["owner_email"],
            "first_name": row["owner_first_name"],
            "last_name": row["owner_last_name"],
        }
    if row["actor_kind"] == "system":
        worker = {"id": None, "type": "worker"}
    return {"application": application, "owner": owner, "worker": worker}


def _resource_id(row: Row) -> str | None:
    return None if row["resource_number"] is None else ids.shown(row["resource_number"])


def _names(served: Mapping[str, Resource], type_: str) -> dict[str, str]:
    """The wire's names of a resource's fields in the log."""
    resource = served.get(type_)
    if resource is None:
        return {}
    columns = {one.column: one.name for one in reversed(resource.attributes) if one.column and one.of_row is None}
    links = {one.own: one.name for one in resource.relationships if one.own}
    return {**_names(served, _BESIDE.get(type_, "")), **columns, **links, **resource.error_names}


def _value(served: Mapping[str, Resource], type_: str, name: str, value: Any) -> Any:
    """A value of the log: what a relationship leads to is told by its id."""
    resource = served.get(type_)
    if resource is not None and resource.relationship(name) is not None and isinstance(value, int):
        return ids.shown(value)
    return value


async def log(request: Request) -> Document:
    """The entries of one resource."""
    resource = request.route.resource
    row = await owner_of(request)
    target = request.served["event_stores"]
    request.caller.check(target, "S")
    asked = asking.read(request.query, target, request.served, is_list=True)
    if asked.number != 1:
        detail = "The log is read by page[after]: links.next of a page has it."
        raise Refusal("INVALID_PAGE_VALUE", "Invalid page value", detail, parameter="page[number]")
    assert request.route.relationship is not None
    listing = request.route.relationship.listing
    path = f"{resource.path}/{request.path['id']}/event_stores"
    if listing is None:
        return Document({"data": [], **request.shape.next_only(path, asked, None)})
    owner = f"{listing.fields['owner'].sql} = $2"
    found = await page_of(request, target, asked, (), path, row["id"], listing=listing, extra=owner, total=_UNCOUNTED)
    return Document(
        {"data": found.body["data"], **request.shape.next_only(path, asked, found.body["meta"].get("next_cursor"))}
    )


def logged(resource: Resource) -> Resource:
    """A resource whose relationship `event_stores` leads to its log."""
    listing = history.of(resource.type)
    if listing is None:
        return resource
    links = tuple(
        msgspec.structs.replace(one, listing=listing, key="owner") if one.name == "event_stores" else one
        for one in resource.relationships
    )
    return msgspec.structs.replace(resource, relationships=links)


def declared(served: Mapping[str, Resource]) -> Resource:
    """The resource. `served` is all of them, by whose names changes are told."""

    known: dict[str, dict[str, str]] = {}

    def payload(row: Row) -> dict[str, Any]:
        """What was changed, by the wire's names."""
        type_ = row["resource_type"] or ""
        if type_ not in known:
            known[type_] = _names(served, type_)
        names, told = known[type_], {}
        for path, (before, after) in row["changes"].items():
            name = path.removeprefix(f"{row['subject']}/")
            name = names.get(name, name)
            told[name] = {"from": _value(served, type_, name, before), "to": _value(served, type_, name, after)}
        return told

    return Resource(
        type="event_stores",
        listing=history.HISTORY,
        attributes=(
            Attribute(name="resource_type", column="resource_type"),
            Attribute(name="resource_id", column="resource_number", of_row=_resource_id),
            Attribute(name="event", column="event"),
            Attribute(name="payload", kind="object", column="changes", of_row=payload),
            Attribute(name="who", kind="object", column="actor_kind", of_row=_who),
            *common(),
        ),
        lists=False,
    )
