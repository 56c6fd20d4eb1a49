"""Reads a document into a `Change`: types, required and forbidden names, ids of relationships (behaviour 4)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from patron.jsonapi import ids
from patron.jsonapi.caller import Caller
from patron.jsonapi.errors import Refusal
from patron.jsonapi.operations import refuse
from patron.jsonapi.resources import Attribute, Change, Kind, Relationship, Resource
from patron.kernel.errors import Faults, Forbidden, Invalid
from patron.kernel.values import holds_card_number
from patron.web import bodies
from patron.web.bodies import Misfit, Unreadable

METADATA_BYTES_MAX = 20_000
LINKS_MAX = 100
INTEGER_MAX = 2**53 - 1  # what every client reads exactly
NUMBER_MAX = 10**15

_MEMBER = re.compile(r"data\.(?:attributes|relationships)\.(?P<name>[^.\[]+)")


def read(
    data: bytes,
    resource: Resource,
    caller: Caller,
    *,
    creates: bool,
    path_id: str | None,
    expect: frozenset[int] | None,
) -> Change:
    """The change that a body asks for. Raises Refusal, Unreadable, Forbidden, Invalid."""
    document = _decoded(data)
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise Unreadable("The body must hold an object `data`.")
    given = document["data"]
    if given.get("type") != resource.type:
        detail = f"{str(given.get('type'))[:60]} is not a valid resource here: {resource.type}."
        raise Refusal("INVALID_RESOURCE", "Invalid resource", detail, pointer="/data/type")
    if not creates and given.get("id") != path_id:
        detail = "The URL does not support the key " + str(given.get("id"))[:60]
        raise Refusal("KEY_NOT_INCLUDED_IN_URL", "Key is not included in URL", detail, pointer="/data/id")
    attributes, links = _part(given, "attributes"), _part(given, "relationships")
    within = caller.grant.market_ids
    change = Change(
        attributes={}, relationships={}, triggers={}, expect=expect,
        market_ids=None if within is None else tuple(within),
    )  # fmt: skip
    faults = Faults()
    for name, value in attributes.items():
        with faults.of():
            _attribute(change, resource, caller, name, value, creates=creates)
    for name, value in links.items():
        with faults.of():
            _relationship(change, resource, caller, name, value, creates=creates)
    sent = {**attributes, **links}
    if not resource.tells_missing or faults.problems:
        check_required(change, resource, faults, sent, creates=creates)
    if caller.is_public:
        for one in (*resource.attributes, *resource.triggers):
            if ("c" if creates else "u") in one.demanded and not sent.get(one.name):
                with faults.of():
                    raise Invalid.field(one.name, "can't be blank", "missing")
    faults.tell()
    return change


def _decoded(data: bytes) -> Any:
    """The body as plain data. Raises Unreadable, Invalid for what cannot be stored, by the name of its attribute."""
    try:
        return bodies.read(data, Any)
    except Misfit as misfit:
        (problem,) = misfit.problems
        if (match := _MEMBER.match(problem.field)) is None:
            raise Unreadable(f"{problem.field[:60]} {problem.message}.") from None
        raise Invalid.field(match["name"], problem.message, "invalid") from None


def _part(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = given.get(name)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise Unreadable(f"`{name}` must be an object.")
    return part


def _attribute(change: Change, resource: Resource, caller: Caller, name: str, value: Any, *, creates: bool) -> None:
    one = resource.attribute(name)
    if one is None and value is None and resource.relationship(name) is not None:
        _relationship(change, resource, caller, name, {"data": None}, creates=creates)  # some clients unset it so
        return
    how = "c" if creates else "u"
    if one is None or how not in one.write:
        raise refuse(name, "attributes")
    if how in one.private and caller.is_public:
        raise Forbidden(f"{name} is not for sales channels.")
    read_value = fitting(one, value)
    (change.triggers if name.startswith("_") else change.attributes)[name] = read_value


_TYPES: dict[Kind, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "float": (int, float, Decimal),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "date-time": (str,),
}


_BOUNDS: dict[Kind, int] = {"integer": INTEGER_MAX, "float": NUMBER_MAX}


def fitting(one: Attribute, value: Any) -> Any:
    """A value as the core takes it, if its attribute takes it at all. Raises Invalid."""
    if value is None:
        return None
    if one.is_rows and isinstance(value, list | str):
        return value
    is_fit: bool = isinstance(value, _TYPES[one.kind])
    if not is_fit or (isinstance(value, bool) and one.kind != "boolean"):
        raise Invalid.field(one.name, f"is not a valid {one.kind}", "invalid")
    if one.names:
        return ids.read(value) or 0
    if one.kind == "date-time":
        return _moment(one, str(value))
    if one.kind in _BOUNDS and abs(value) > _BOUNDS[one.kind]:
        raise Invalid.field(one.name, "is out of range", "invalid")
    if one.enum and value not in one.enum:
        raise Invalid.field(one.name, "is not included in the list", "inclusion")
    if one.kind == "object" and len(msgspec.json.encode(value)) > METADATA_BYTES_MAX:
        raise Invalid.field(one.name, f"has at most {METADATA_BYTES_MAX} bytes", "too_long")
    if one.kind in ("object", "array") and holds_card_number(msgspec.json.encode(value).decode()):
        raise Invalid.field(one.name, "must not hold a card number")
    return value


def _moment(one: Attribute, text: str) -> datetime:
    """A time as this wire writes it; one without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text.strip().upper().replace("Z", "+00:00"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field(one.name, "is not a valid date-time", "invalid") from None


def _relationship(change: Change, resource: Resource, caller: Caller, name: str, value: Any, *, creates: bool) -> None:
    one = resource.relationship(name)
    if one is None or ("c" if creates else "u") not in one.write:
        raise refuse(name, "relationships")
    if one.is_private and caller.is_public:
        raise Forbidden(f"{name} is not for sales channels.")
    if not isinstance(value, dict) or "data" not in value:
        raise Unreadable(f"The relationship {name[:60]} must have `data`.")
    linked = value["data"]
    if one.to_many:
        if not isinstance(linked, list) or len(linked) > LINKS_MAX:
            raise Unreadable(f"The data of {name[:60]} must be a list of at most {LINKS_MAX}.")
        change.relationships[name] = [linked_to(one, item) for item in linked]
    else:
        change.relationships[name] = None if linked is None else linked_to(one, linked)


def linked_to(one: Relationship, item: Any) -> Any:
    """The number behind a resource identifier; with its type where there may be several types."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise Unreadable(f"{one.name} needs resource identifiers: type and id.")
    if item.get("type") not in one.targets:
        detail = f"{str(item.get('type'))[:60]} is no type of {one.name}."
        raise Refusal("TYPE_MISMATCH", "Type mismatch", detail, pointer=f"/data/relationships/{one.name}/data/type")
    number = ids.read(item["id"]) or 0
    return number if len(one.targets) == 1 else (item["type"], number)


def check_required(
    change: Change, resource: Resource, faults: Faults, sent: Mapping[str, Any], *, creates: bool
) -> None:
    """What is required must be there at first, and can never be emptied. Who sent nonsense has heard of it."""
    for one in resource.attributes:
        if not creates and one.name not in change.attributes:
            continue
        value = change.attributes.get(one.name, sent.get(one.name))
        if (
            one.required
            and not (creates and one.instead)
            and (value is None or (isinstance(value, str) and not value.strip()))
        ):
            with faults.of():
                raise Invalid.field(one.name, "can't be blank", "missing")
    for link in resource.relationships:
        if not creates and link.name not in change.relationships:
            continue
        if (
            link.required
            and not (creates and link.instead)
            and not change.relationships.get(link.name, sent.get(link.name))
        ):
            with faults.of():
                raise Invalid.field(link.name, "can't be blank", "missing")
