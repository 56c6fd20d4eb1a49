"""Rows as resource objects, and documents around them (Commerce Layer behaviour 4).

A document is bytes of JSON put together from pieces that are made once for each type: of the links of all
relationships only the id differs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from patron.jsonapi import ids
from patron.jsonapi.asking import Asked
from patron.jsonapi.resources import Attribute, Relationship, Resource
from patron.kernel.db import Row
from patron.kernel.secrets import Vault

ENCODE = msgspec.json.Encoder(decimal_format="number").encode
TEMPLATES_MAX = 500  # callers choose fields as they like
_ID = "@id@"


class Linked(msgspec.Struct, frozen=True):
    """What a relationship of a row leads to, once it is loaded: type and number, or several."""

    many: bool
    rows: list[tuple[str, int]]

    @property
    def data(self) -> Any:
        """Resource linkage."""
        made = [{"type": type_, "id": ids.shown(number)} for type_, number in self.rows]
        return made if self.many else (made[0] if made else None)


class Shape:
    """How the resources of one organization look: its address, its mode."""

    def __init__(self, base_url: str, organization_id: int, mode: str, vault: Vault) -> None:
        self.base_url = base_url
        self._vault = vault
        self._meta = msgspec.Raw(ENCODE({"mode": mode, "organization_id": ids.shown(organization_id)}))
        self._relationships: dict[tuple[str, frozenset[str] | None, tuple[str, ...]], str] = {}

    def url(self, resource: Resource, number: int) -> str:
        """The address of a row."""
        ending = "" if resource.singleton else f"/{ids.shown(number)}"
        return f"{self.base_url}/{resource.path}{ending}"

    def shown(
        self,
        resource: Resource,
        row: Row,
        fields: frozenset[str] | None,
        linked: Mapping[str, Linked],
        told: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The resource object of a row. `linked` has the relationships that are included, `told` what the caller's
        token says.
        """
        number = row["id"]
        attributes = {
            one.name: self.value(one, row)
            for one in resource.attributes
            if one.column is not None and (fields is None or one.name in fields)
        }
        return {
            "id": ids.shown(number),
            "type": resource.type,
            "links": {"self": self.url(resource, number)},
            "attributes": {**attributes, **told} if told else attributes,
            "relationships": self._shown_relationships(resource, number, fields, linked),
            "meta": self._meta,
        }

    def shown_without_row(self, resource: Resource, number: int, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The resource object of what is not there any more."""
        return {
            "id": ids.shown(number),
            "type": resource.type,
            "links": {"self": self.url(resource, number)},
            "attributes": attributes,
            "relationships": self._shown_relationships(resource, number, None, {}),
            "meta": self._meta,
        }

    def value(self, one: Attribute, row: Row) -> Any:
        """What an attribute of a row says."""
        assert one.column is not None
        if one.of_row is not None:
            return one.of_row(row)
        value = row[one.column]
        if one.show is not None:
            return one.show(value)
        if one.kind == "date-time":
            return moment(value)
        if one.is_host:
            return self.base_url.removeprefix("https://").removesuffix("/api")
        if one.is_path and value is not None:
            return f"{self.base_url.removesuffix('/api')}{value}"
        if one.sealed_for is not None:
            return self._vault.open(value, one.sealed_for).decode()
        return value

    def _shown_relationships(
        self, resource: Resource, number: int, fields: frozenset[str] | None, linked: Mapping[str, Linked]
    ) -> Any:
        key = resource.type, fields, tuple(linked)
        text = self._relationships.get(key)
        if text is None:
            every = {one.name: self.links(resource, one, _ID) for one in _of(resource, fields, linked)}
            for name in linked:
                if name in every:
                    every[name]["data"] = f"@{name}@"
            if len(self._relationships) >= TEMPLATES_MAX:
                self._relationships.clear()
            text = self._relationships[key] = ENCODE(every).decode()
        text = text.replace(_ID, ids.shown(number))
        for name, target in linked.items():
            text = text.replace(f'"@{name}@"', ENCODE(target.data).decode())
        return msgspec.Raw(text.encode())

    def links(self, resource: Resource, one: Relationship, shown_id: str) -> dict[str, Any]:
        """The links of a relationship."""
        own = f"{self.base_url}/{resource.path}/{shown_id}"
        return {"links": {"self": f"{own}/relationships/{one.name}", "related": f"{own}/{one.name}"}}

    def frame(self, path: str, asked: Asked, total: int, next_cursor: str | None) -> dict[str, Any]:
        """`meta` and `links` of a list at a path."""
        pages = max(1, -(-total // asked.size))
        start = self._list_url(path, asked)

        def link(**page: object) -> str:
            return start + urlencode(
                {**{f"page[{name}]": value for name, value in page.items()}, "page[size]": asked.size}
            )

        links: dict[str, str] = {"first": link(number=1), "last": link(number=pages)}
        if asked.after is not None:
            if next_cursor is not None:
                links["next"] = link(after=next_cursor)
        else:
            if asked.number > 1:
                links["prev"] = link(number=min(asked.number - 1, pages))
            if asked.number < pages:
                links["next"] = link(number=asked.number + 1)
        meta: dict[str, Any] = {"record_count": total, "page_count": pages}
        if next_cursor is not None:
            meta["next_cursor"] = next_cursor
        return {"meta": meta, "links": links}

    def next_only(self, path: str, asked: Asked, next_cursor: str | None) -> dict[str, Any]:
        """The `links` of a list that is not counted."""
        page = urlencode({"page[after]": next_cursor, "page[size]": asked.size})
        return {"links": {} if next_cursor is None else {"next": self._list_url(path, asked) + page}}

    def _list_url(self, path: str, asked: Asked) -> str:
        """The address of a list as it was asked for, up to the page."""
        rest = [(key, text) for key, text in asked.pairs if not key.startswith("page[")]
        return f"{self.base_url}/{path}?{urlencode(rest)}{'&' if rest else ''}"


def _of(resource: Resource, fields: frozenset[str] | None, linked: Mapping[str, Linked]) -> list[Relationship]:
    if fields is not None:
        return [one for one in resource.relationships if one.name in fields]
    return [one for one in resource.relationships if one.of_caller is None or one.name in linked]


def moment(value: datetime | None) -> str | None:
    """A time on this wire: milliseconds, UTC."""
    return f"{value.isoformat(timespec='milliseconds')[:-6]}Z" if value else None
