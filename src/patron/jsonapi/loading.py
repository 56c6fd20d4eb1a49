"""Loads what `include` asks for: one statement for each relationship and level, however many rows there are."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from patron.jsonapi.asking import Tree
from patron.jsonapi.caller import Caller
from patron.jsonapi.document import Linked, Shape
from patron.jsonapi.resources import Relationship, Resource
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.sql import rows_of

Key = tuple[str, int]


class Loaded:
    """All rows of an answer, each once, and what each leads to."""

    def __init__(self, ctx: Ctx, caller: Caller, served: Mapping[str, Resource]) -> None:
        self._ctx = ctx
        self._caller = caller
        self._served = served
        self._rows: dict[Key, tuple[Resource, Row]] = {}
        self._linked: dict[Key, dict[str, Linked]] = defaultdict(dict)

    async def load(self, resource: Resource, rows: list[Row], tree: Tree) -> None:
        """Follow the tree from these rows on."""
        for name, below in tree.items():
            one = resource.relationship(name)
            if one is None:
                continue
            found = await self._related(resource, one, rows)
            by_type: dict[str, list[Row]] = defaultdict(list)
            for row in rows:
                targets = found.get(row["id"], [])
                self._linked[resource.type, row["id"]][name] = Linked(
                    one.to_many, [(target.type, at["id"]) for target, at in targets]
                )
                for target, at in targets:
                    if (target.type, at["id"]) not in self._rows:
                        self._rows[target.type, at["id"]] = target, at
                    by_type[target.type].append(at)
            for type_, these in by_type.items():
                await self.load(self._served[type_], list({at["id"]: at for at in these}.values()), below)

    async def _related(
        self, resource: Resource, one: Relationship, rows: list[Row]
    ) -> dict[int, list[tuple[Resource, Row]]]:
        found: dict[int, list[tuple[Resource, Row]]] = defaultdict(list)
        target = self._served.get(one.targets[0])
        if target is None or not rows or (one.own is None and one.key is None):
            return found
        seen = self._caller.may_include(target)
        if seen is None:
            return found
        listing = one.listing or target.listing
        if one.own is not None:
            wanted = sorted({row[one.own] for row in rows if row[one.own] is not None})
            by_id = {row["id"]: row for row in await rows_of(self._ctx, listing, "id", wanted, seen)}
            for row in rows:
                if row[one.own] in by_id:
                    found[row["id"]].append((target, by_id[row[one.own]]))
            return found
        assert one.key is not None
        for row in await rows_of(self._ctx, listing, one.key, sorted(row["id"] for row in rows), seen):
            found[row["owner_id"]].append((target, row))
        return found

    def linkage(self, resource: Resource, row: Row, one: Relationship) -> Any:
        """Types and ids behind a relationship that was loaded."""
        return self._linked[resource.type, row["id"]].get(one.name, Linked(one.to_many, [])).data

    def document(
        self, shape: Shape, resource: Resource, rows: list[Row], fields: Mapping[str, frozenset[str]], tree: Tree
    ) -> tuple[list[Any], list[Any] | None]:
        """The resource objects of the rows, and of what came along; None when nothing was asked to."""
        data = [
            shape.shown(resource, row, fields.get(resource.type), self._linked.get((resource.type, row["id"]), {}))
            for row in rows
        ]
        if not tree:
            return data, None
        first = {(resource.type, row["id"]) for row in rows}
        included = [
            shape.shown(target, row, fields.get(target.type), self._linked.get(key, {}))
            for key, (target, row) in self._rows.items()
            if key not in first
        ]
        return data, included
