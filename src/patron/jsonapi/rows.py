"""Reads a row of an import: a flat object with attributes, ids of relationships as `{name}_id`, and triggers.

A relationship may also be an object, or several, of what it leads to (`address`, `sku_list_items`); in CSV these are
columns with a dot (`address.line_1`). What a row says of relationships that are not kept here becomes a warning.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from patron.jsonapi import bodies, ids
from patron.jsonapi.importable import IMPORTABLE
from patron.jsonapi.resources import Attribute, Relationship, Resource
from patron.kernel.errors import Faults, Invalid, PatronError
from patron.tags.model import TAGS_MAX, listed
from patron.web import bodies as web_bodies

BELOW_MAX = 500
DEPTH_MAX = 3

_FLAGS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}


class Draft(msgspec.Struct):
    """A row that was read. `links` are numbers behind ids, `below` what relationships to one shall lead to, `children`
    what shall hang on it; `tags` are names and numbers of all its tags. `prepared` is what took long.
    """

    resource: Resource
    number: int | None = None
    values: dict[str, Any] = {}
    links: dict[str, Any] = {}
    below: dict[str, "Draft"] = {}
    children: dict[str, list["Draft"]] = {}
    tags: list[str | int] | None = None
    warnings: list[tuple[str, str]] = []
    prepared: Any = None


def nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same with objects for names with a dot, as CSV has them. What is inside of values stays as it is."""
    made: dict[str, Any] = {}
    opened: set[str] = set()
    for name, value in row.items():
        first, dot, rest = name.partition(".")
        if dot and first and rest and isinstance(made.setdefault(first, {}), dict):
            made[first] = {**made[first], rest: value}
            opened.add(first)
        else:
            made[name] = value
            opened.discard(name)
    return {name: nested(value) if name in opened else value for name, value in made.items()}


def read(served: Mapping[str, Resource], type_: str, row: Any, parent: str | None = None, depth: int = 0) -> Draft:
    """What a row means. Raises Invalid with all that is wrong with it."""
    if not isinstance(row, dict):
        raise Invalid.field("", "is not an object", "invalid")
    if depth > DEPTH_MAX:
        raise Invalid.field("", "is nested too deeply", "invalid")
    draft, faults = Draft(served[type_]), Faults()
    for name, value in row.items():
        with faults.of():
            _take(served, draft, name, value, row, depth)
    link = IMPORTABLE[type_].parent
    if parent is not None and link is not None and link not in draft.links and link not in draft.below:
        with faults.of():
            draft.links[link] = _linked(_relationship(draft, link), parent, row)
    if status := draft.values.pop("status", None):
        with faults.of():
            draft.values |= dict.fromkeys(_steps(type_, status), True)
    faults.tell()
    return draft


def _take(
    served: Mapping[str, Resource], draft: Draft, name: str, value: Any, row: Mapping[str, Any], depth: int
) -> None:
    """One name of a row."""
    resource = draft.resource
    if name == "id":
        draft.number = None if value in (None, "") else _number("id", value)
    elif name == "tags" and resource.relationship("tags") is not None:
        draft.tags = tags(value)
    elif name == "status" and IMPORTABLE[resource.type].states:
        draft.values[name] = value
    elif (attribute := resource.attribute(name)) is not None:
        if not attribute.write:
            raise Invalid.field(name, "cannot be written", "unknown")
        draft.values[name] = bodies.fitting(attribute, _typed(attribute, value))
    elif (one := resource.relationship(name)) is not None:
        _related(served, draft, one, value, row, depth)
    elif name.endswith("_id") and resource.relationship(name[:-3]) is not None:
        one = _relationship(draft, name[:-3])
        if value in (None, "") or not served.keys().isdisjoint(one.targets):
            draft.links[one.name] = _linked(one, value, row)
        else:
            draft.warnings.append((one.name, "is not kept here"))
    elif not (name.endswith("_type") and resource.relationship(name[:-5]) is not None):
        raise Invalid.field(name[:100], f"is no attribute of {resource.type}", "unknown")


def _related(
    served: Mapping[str, Resource], draft: Draft, one: Relationship, value: Any, row: Mapping[str, Any], depth: int
) -> None:
    """A relationship by its name: objects of what it leads to."""
    target = one.targets[0]
    if value in (None, "", [], {}):
        if not one.to_many:
            draft.links[one.name] = None
    elif target not in IMPORTABLE or target not in served:
        draft.warnings.append((one.name, "is not kept here"))
    elif one.to_many:
        rows = value if isinstance(value, list) else _columns(value)
        if IMPORTABLE[target].parent is None or one.key is None or len(rows) > BELOW_MAX:
            raise Invalid.field(one.name, f"cannot come with a row like this: at most {BELOW_MAX}", "invalid")
        draft.children[one.name] = _children(served, one, rows, depth)
    elif isinstance(value, dict) and value.keys() == {"id"}:
        draft.links[one.name] = _linked(_relationship(draft, one.name), value["id"], row)
    else:
        faults = Faults()
        with faults.of(f"{one.name}."):
            draft.below[one.name] = read(served, target, value, depth=depth + 1)
        faults.tell()


def _children(served: Mapping[str, Resource], one: Relationship, rows: list[Any], depth: int) -> list[Draft]:
    faults, made = Faults(), []
    for place, row in enumerate(rows):
        with faults.of(f"{one.name}[{place}]."):
            made.append(read(served, one.targets[0], row, depth=depth + 1))
    faults.tell()
    return made


def _columns(value: Any) -> list[Any]:
    """Rows of a column of CSV each: texts with commas, the first of every column makes the first row."""
    if not isinstance(value, dict):
        return [value]
    cells = {name: str(text).split(",") for name, text in value.items()}
    count = max(len(texts) for texts in cells.values())
    return [{name: texts[place].strip() for name, texts in cells.items() if place < len(texts)}
            for place in range(count)]  # fmt: skip


def _relationship(draft: Draft, name: str) -> Relationship:
    """A relationship to one that rows may set. Raises Invalid."""
    one = draft.resource.relationship(name)
    if one is None or one.to_many or not one.write:
        raise Invalid.field(name, "cannot be set", "unknown")
    return one


def _linked(one: Relationship, value: Any, row: Mapping[str, Any]) -> Any:
    """The number behind an id; with its type where there may be several types."""
    if value in (None, ""):
        return None
    if len(one.targets) == 1:
        return _number(one.name, value)
    type_ = row.get(f"{one.name}_type")
    if type_ not in one.targets:
        raise Invalid.field(one.name, f"needs {one.name}_type: one of {', '.join(one.targets)}", "invalid")
    return type_, _number(one.name, value)


def _number(name: str, value: Any) -> int:
    number = ids.read(value) if isinstance(value, str) else None
    if number is None:
        raise Invalid.field(name, "must exist", "required")
    return number


def tags(value: Any) -> list[str | int]:
    """Names (text with commas, or a list) and ids of tags: a list of names or objects, or columns `tags.name`."""
    if isinstance(value, dict):
        given: list[Any] = [{"id": one.strip()} for one in str(value.get("id") or "").split(",") if one.strip()]
        given += listed(str(value.get("name") or ""))
    else:
        given = value if isinstance(value, list) else listed(value if isinstance(value, str) else "")
    if len(given) > TAGS_MAX:
        raise Invalid.field("tags", f"are too many (maximum is {TAGS_MAX})", "too_long")
    return [_number("tags", one["id"]) if isinstance(one, dict) and one.get("id") else _name(one) for one in given]


def _name(one: Any) -> str:
    name = one.get("name") if isinstance(one, dict) else one
    if not isinstance(name, str) or not listed(name):
        raise Invalid.field("tags", "are names: letters, digits and _ - : only", "invalid")
    return listed(name)[0]


def _steps(type_: str, status: Any) -> tuple[str, ...]:
    states = IMPORTABLE[type_].states
    if not isinstance(status, str) or status not in states:
        raise Invalid.field("status", "is not included in the list", "inclusion")
    return states[status]


def _typed(one: Attribute, value: Any) -> Any:
    """A value of CSV in the kind of its attribute, if it can be read so; flags may be numbers, too."""
    if one.kind == "boolean":
        return _FLAGS.get(str(value).strip().lower(), value)
    if not isinstance(value, str) or one.kind in ("string", "date-time"):
        return value
    if not value.strip():
        return None
    try:
        if one.kind == "integer":
            return int(value)
        if one.kind == "float":
            return number if (number := Decimal(value)).is_finite() else value
        return web_bodies.read(value.encode(), Any)
    except (ValueError, InvalidOperation, PatronError):
        return value
