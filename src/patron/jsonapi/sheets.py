"""What of a resource an export has: its columns, and those of what its relationships lead to (behaviour 7).

A record is an object: attributes, relationships to one as `{name}_id`, included ones as objects. In CSV these are
columns with a dot, and several values of one are joined by commas: just what an import takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from patron.imports.exporting import cell, cells, line
from patron.jsonapi import ids
from patron.jsonapi.asking import Tree
from patron.jsonapi.document import Shape
from patron.jsonapi.errors import Refusal
from patron.jsonapi.loading import Loaded
from patron.jsonapi.resources import Relationship, Resource
from patron.jsonapi.webhooks import include_tree
from patron.kernel.db import Row
from patron.kernel.errors import Invalid

_BLANK: tuple[Any, ...] = (None, "", {}, [])
_REDUNDANT = ("id", "created_at", "updated_at")


class Picked(msgspec.Struct):
    """Columns of a resource in their order, and what is picked below its relationships."""

    resource: Resource
    names: list[str]
    below: dict[str, "Picked"] = {}

    @property
    def tree(self) -> Tree:
        """What must be loaded."""
        return {name: one.tree for name, one in self.below.items()}

    @property
    def columns(self) -> list[str]:
        """All columns of a table."""
        inner = [f"{name}.{column}" for name, one in self.below.items() for column in one.columns]
        return [*self.names, *inner]


def pick(
    served: Mapping[str, Resource], resource: Resource, fields: Sequence[Any], includes: Sequence[Any], *, is_dry: bool
) -> Picked:
    """What these fields and includes name; without any, all that the resource has. Raises Invalid."""
    picked = Picked(resource, [] if fields else _all(resource, is_dry))
    for path in fields:
        *way, name = _path("fields", path)
        _add(_below(served, picked, way, is_dry, "fields"), served, name, is_dry)
    try:
        include_tree(served, resource, list(includes))
    except Refusal as refusal:
        raise Invalid.field("includes", refusal.message, "inclusion") from None
    for path in includes:
        at = picked
        for name in _path("includes", path):
            is_new = name not in at.below
            if is_new and not fields:  # the object says it, too
                at.names = [one for one in at.names if one != f"{name}_id"]
            at = _below(served, at, [name], is_dry, "includes")
            if is_new:
                at.names = _all(at.resource, is_dry)
    return picked


def _path(field: str, path: Any) -> list[str]:
    if not isinstance(path, str) or not path or len(path) > 500:
        raise Invalid.field(field, "has something that is no name", "inclusion")
    return path.split(".")


def _all(resource: Resource, is_dry: bool) -> list[str]:
    """All columns of a resource; those that an import would take, where nothing redundant is wanted."""
    names = [] if is_dry else ["id"]
    names += [one.name for one in resource.attributes
              if one.column is not None and one.sealed_for is None and one.name not in names
              and not (is_dry and ("c" not in one.write or one.name in _REDUNDANT))]  # fmt: skip
    for one in resource.relationships:
        if one.own is not None and not (is_dry and not one.write):
            names += [f"{one.name}_id", *([f"{one.name}_type"] if one.kind else [])]
    return names


def _below(served: Mapping[str, Resource], picked: Picked, way: list[str], is_dry: bool, field: str) -> Picked:
    """What is picked behind the names of relationships, perhaps nothing yet. Raises Invalid."""
    for name in way:
        one = picked.resource.relationship(name)
        target = next((served[type_] for type_ in one.targets if type_ in served), None) if one else None
        if one is None or target is None or not one.includes or len(way) > 4:
            raise Invalid.field(field, f"has {name[:60]}, which leads to nothing that is kept here", "inclusion")
        picked = picked.below.setdefault(name, Picked(target, []))
    return picked


def _add(picked: Picked, served: Mapping[str, Resource], name: str, is_dry: bool) -> None:
    """One more column, or all. Raises Invalid."""
    known = _all(picked.resource, is_dry=False)
    if name == "*":
        new = [one for one in _all(picked.resource, is_dry) if one not in picked.names]
    elif name in known:
        new = [name] if name not in picked.names else []
    elif picked.resource.relationship(name) is not None:
        _add(_below(served, picked, [name], is_dry, "fields"), served, "*", is_dry)
        new = []
    else:
        raise Invalid.field("fields", f"has {name[:60]}, which {picked.resource.type} do not have", "inclusion")
    picked.names += new


class Sheet:
    """Writes records as lines of a file."""

    def __init__(self, picked: Picked, loaded: Loaded, shape: Shape, *, format_: str, is_dry: bool) -> None:
        self._picked = picked
        self._loaded = loaded
        self._shape = shape
        self._format = format_
        self._is_dry = is_dry

    def head(self) -> bytes:
        """What the file begins with."""
        return cells(self._picked.columns) if self._format == "csv" else b""

    def lines(self, rows: list[Row]) -> bytes:
        """These rows, whose relationships are loaded."""
        records = [self._record(self._picked, self._picked.resource, row) for row in rows]
        if self._format == "csv":
            return b"".join(cells(_flat(self._picked, [one])) for one in records)
        return b"".join(line(self._dry(one) if self._is_dry else one) for one in records)

    def _record(self, picked: Picked, resource: Resource, row: Row) -> dict[str, Any]:
        # Of several types that a relationship may lead to, the others have all their columns.
        names = picked.names if resource is picked.resource else _all(resource, self._is_dry)
        made: dict[str, Any] = {name: self._value(resource, row, name) for name in names}
        for name, below in picked.below.items():
            one = resource.relationship(name)
            if one is None:
                continue
            found = [self._record(below, target, at) for target, at in self._loaded.behind(resource, row, name)]
            made[name] = found if one.to_many else (found[0] if found else None)
        return made

    def _value(self, resource: Resource, row: Row, name: str) -> Any:
        if name == "id":
            return ids.shown(row["id"])
        attribute = resource.attribute(name)
        if attribute is not None:
            return self._shape.value(attribute, row)
        if name.endswith("_type"):
            one = _relationship(resource, name.removesuffix("_type"))
            return one.target_of(row) or None if one.own and row[one.own] is not None else None
        one = _relationship(resource, name.removesuffix("_id"))
        return ids.shown(row[one.own]) if one.own and row[one.own] is not None else None

    def _dry(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: dry for name, one in value.items() if (dry := self._dry(one)) not in _BLANK}
        return [self._dry(one) for one in value] if isinstance(value, list) else value


def _relationship(resource: Resource, name: str) -> Relationship:
    one = resource.relationship(name)
    assert one is not None
    return one


def _flat(picked: Picked, records: list[dict[str, Any]]) -> list[str]:
    """The cells of some records in one line: of one as they are, of several joined."""
    made = [",".join(cell(one.get(name)) for one in records) for name in picked.names]
    for name, below in picked.below.items():
        inner: list[dict[str, Any]] = []
        for one in records:
            found = one.get(name)
            inner += found if isinstance(found, list) else [found] if found else []
        made += _flat(below, inner)
    return made
