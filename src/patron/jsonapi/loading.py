"""Loads what `include` asks for: one statement for each relationship and level, however many rows there are."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from patron.jsonapi.asking import Tree
from patron.jsonapi.caller import Caller, Everything
from patron.jsonapi.document import Linked, Shape
from patron.jsonapi.resources import Relationship, Resource, Show
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.sql import rows_of

Key = tuple[str, int]


class Loaded:
    """All rows of an answer, each once, and what each leads to."""

    def __init__(self, ctx: Ctx, caller: Caller | Everything, served: Mapping[str, Resource]) -> None:
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
        if one.of_caller is not None:
            return await self._of_caller(one, one.of_caller, rows)
        if one.own is not None:
            return await self._to_one(one, one.own, rows)
        found: dict[int, list[tuple[Resource, Row]]] = defaultdict(list)
        target = self._served.get(one.targets[0])
        seen = None if target is None or one.key is None else self._caller.may_include(target)
        if target is None or one.key is None or seen is None or not rows:
            return found
        listing = one.listing or target.listing
        for row in await rows_of(self._ctx, listing, one.key, sorted(row["id"] for row in rows), seen):
            found[row["owner_id"]].append((target, row))
        return found

    async def _to_one(self, one: Relationship, own: str, rows: list[Row]) -> dict[int, list[tuple[Resource, Row]]]:
        """What the rows name, in one statement for each type."""
        by_type: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row[own] is not None:
                by_type[one.target_of(row)].append(row)
        found: dict[int, list[tuple[Resource, Row]]] = {}
        for type_, these in by_type.items():
            target = self._served.get(type_)
            seen = None if target is None else self._caller.may_include(target)
            if target is None or seen is None:
                continue
            wanted = sorted({row[own] for row in these})
            by_id = {row["id"]: row for row in await rows_of(self._ctx, target.listing, "id", wanted, seen)}
            found |= {row["id"]: [(target, by_id[row[own]])] for row in these if row[own] in by_id}
        return found

    async def _of_caller(
        self, one: Relationship, ids_of: Show, rows: list[Row]
    ) -> dict[int, list[tuple[Resource, Row]]]:
        """What the caller's token names, whichever row it is seen from."""
        target = self._served.get(one.targets[0])
        seen = None if target is None else self._caller.may_include(target)
        if target is None or seen is None or isinstance(self._caller, Everything):
            return {}
        found = await rows_of(self._ctx, target.listing, "id", list(ids_of(self._caller)), seen)
        return {row["id"]: [(target, at) for at in found] for row in rows}

    def _told(self, resource: Resource, fields: frozenset[str] | None) -> dict[str, Any]:
        """What the caller's token says, as far as it was asked for."""
        if not fields or isinstance(self._caller, Everything):
            return {}
        told = {one.name: one.of_caller for one in resource.attributes if one.of_caller and one.name in fields}
        return {name: of_caller(self._caller) for name, of_caller in told.items()}

    def behind(self, resource: Resource, row: Row, name: str) -> list[tuple[Resource, Row]]:
        """What a relationship that was loaded leads to."""
        linked = self._linked[resource.type, row["id"]].get(name)
        return [self._rows[key] for key in linked.rows] if linked is not None else []

    def linkage(self, resource: Resource, row: Row, one: Relationship) -> Any:
        """Types and ids behind a relationship that was loaded."""
        return self._linked[resource.type, row["id"]].get(one.name, Linked(one.to_many, [])).data

    def document(
        self, shape: Shape, resource: Resource, rows: list[Row], fields: Mapping[str, frozenset[str]], tree: Tree
    ) -> tuple[list[Any], list[Any] | None]:
        """The resource objects of the rows, and of what came along; None when nothing was asked to."""
        told = self._told(resource, fields.get(resource.type))
        data = [
            shape.shown(
                resource, row, fields.get(resource.type), self._linked.get((resource.type, row["id"]), {}), told
            )
            for row in rows
        ]
        if not tree:
            return data, None
        first = {(resource.type, row["id"]) for row in rows}
        included = [
            shape.shown(
                target,
                row,
                fields.get(target.type),
                self._linked.get(key, {}),
                self._told(target, fields.get(target.type)),
            )
            for key, (target, row) in self._rows.items()
            if key not in first
        ]
        return data, included
