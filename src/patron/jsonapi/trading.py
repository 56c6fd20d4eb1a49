"""What the worker imports and exports with: this face's resources, made by what their requests run."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.imports.dialect import Choice, Portion, Written
from patron.jsonapi import bodies, errors, exports, filters, rows, sheets
from patron.jsonapi.caller import Everything
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.document import Shape
from patron.jsonapi.importable import EMAIL, IMPORTABLE
from patron.jsonapi.loading import Loaded
from patron.jsonapi.resources import Change, Resource
from patron.jsonapi.rows import Draft
from patron.jsonapi.tokens import base_url
from patron.kernel.context import Ctx
from patron.kernel.errors import BadAsk, Faults, Invalid, PatronError
from patron.kernel.query import Compare, Every, Filter
from patron.kernel.sql import Listing, count_of, ids_of, rows_behind, rows_of
from patron.tags import actions as tags
from patron.tenants import queries as tenants

_SHOWN = ("id", "number", "email", "name", "code", "reference", EMAIL, "sku_code")


# Fewer at once where includes bring too much along.
_AT_ONCE = (500, 100, 20, 4, 1)


class Trade:
    """Imports rows into the resources that are served, and exports what there is of them."""

    def __init__(self, domain: str, served: Mapping[str, Resource] = SERVED) -> None:
        self._domain = domain
        self._served = served

    def key(self, type_: str, row: Any, place: int) -> str:
        """By what people find a row again: what identifies it, else what it is called, else its place."""
        if isinstance(row, dict):
            for name in (*(wire for _, wire in IMPORTABLE[type_].keys), *_SHOWN):
                if isinstance(text := row.get(name), str) and text.strip():
                    return text.strip()[:254]
        return f"row {place}"

    async def read(self, ctx: Ctx, type_: str, row: Any, parent: str | None) -> Draft:
        """What a row means. Passwords are hashed here, before any transaction. Raises Invalid, TooMany."""
        draft = rows.read(self._served, type_, row, parent)
        await self._prepare(ctx, draft)
        return draft

    async def _prepare(self, ctx: Ctx, draft: Draft) -> None:
        for one in (*draft.below.values(), *(child for some in draft.children.values() for child in some)):
            await self._prepare(ctx, one)
        if draft.resource.prepare is not None:
            given = Change(attributes=draft.values, relationships={}, triggers={})
            draft.prepared = await draft.resource.prepare(ctx, given)

    def faults(self, type_: str, error: PatronError) -> list[tuple[str, str]]:
        """What is wrong, by the wire's names."""
        failure = errors.failure(error, dict(self._served[type_].error_names))
        told = []
        for one in failure.body.errors:
            pointer = one.source.pointer if one.source and one.source.pointer else ""
            name = pointer.rpartition("/")[2] if pointer.count("/") > 1 else ""
            told.append((name.replace("~1", "/").replace("~0", "~"), one.title if one.meta else one.detail))
        return told

    async def write(self, ctx: Ctx, draft: Draft) -> Written:
        """Change the one that a row is about, or make it. Raises PatronError."""
        _, is_new = await self._put(ctx, draft)
        return Written(is_new, tuple(draft.warnings))

    async def _put(self, ctx: Ctx, draft: Draft) -> tuple[int, bool]:
        links = dict(draft.links)
        for name, below in draft.below.items():
            links[name], _ = await self._put(ctx, below)
        if draft.tags is not None:
            made = await tags.ensure(ctx, [one for one in draft.tags if isinstance(one, str)])
            links["tags"] = [one if isinstance(one, int) else made[one] for one in draft.tags]
        number = await self._find(ctx, draft, links)
        if is_new := number is None:
            number = await self._create(ctx, draft, links)
        else:
            await self._update(ctx, draft, number, links, but="")
        for name, children in draft.children.items():
            relationship = draft.resource.relationship(name)
            assert relationship is not None
            parent = IMPORTABLE[relationship.targets[0]].parent
            assert parent is not None
            for child in children:
                child.links[parent] = number
                await self._put(ctx, child)
        assert number is not None
        return number, is_new

    async def _find(self, ctx: Ctx, draft: Draft, links: Mapping[str, Any]) -> int | None:
        """The one that is there already: by its id, or by what identifies it. Raises Invalid for an id of nothing."""
        listing = draft.resource.listing
        if draft.number is not None:
            if not await rows_of(ctx, listing, "id", [draft.number]):
                raise Invalid.field("id", "must exist", "required")
            return draft.number
        conditions = []
        for field, wire in IMPORTABLE[draft.resource.type].keys:
            value = links.get(wire, draft.values.get(wire))
            if value is None and wire == "customer" and draft.values.get(EMAIL):
                value = await self._customer(ctx, str(draft.values[EMAIL]))
            if value is None:
                return None
            conditions.append(Compare(field, "eq" if wire in ("email", "name") else "same", value))
        found = await ids_of(ctx, listing, Every(tuple(conditions)), 1) if conditions else []
        return found[0] if found else None

    async def _customer(self, ctx: Ctx, email: str) -> int | None:
        found = await ids_of(ctx, self._served["customers"].listing, Compare("email", "eq", email.strip()), 1)
        return found[0] if found else None

    async def _create(self, ctx: Ctx, draft: Draft, links: Mapping[str, Any]) -> int:
        """Make one, then pull the triggers that only what is there has."""
        resource = draft.resource
        change = _change(draft, links, "ci")
        faults = Faults()
        if not resource.tells_missing:
            bodies.check_required(change, resource, faults, {}, creates=True)
        faults.tell()
        assert resource.create is not None
        number = await resource.create(msgspec.structs.replace(ctx, is_quiet=True), change)
        await self._update(ctx, draft, number, links, but="ci")
        return number

    async def _update(self, ctx: Ctx, draft: Draft, number: int, links: Mapping[str, Any], *, but: str) -> None:
        """Change what a row gives, apart from what can be written as `but` says; nothing to do, nothing done."""
        resource = draft.resource
        change = _change(draft, links, "u", but)
        if not (change.attributes or change.relationships or change.triggers):
            return
        faults = Faults()
        bodies.check_required(change, resource, faults, {}, creates=False)
        faults.tell()
        assert resource.update is not None
        await resource.update(ctx, number, change)

    def _asked(self, choice: Choice) -> tuple[Listing, Filter | None]:
        """The listing with the fields that a choice asks about, and what it asks. Raises Refusal, Invalid."""
        resource = self._served[choice.type]
        found = filters.Found(resource, self._served, {})
        parts = (choice.within, exports.condition(found, choice.filters))
        asked = Every(tuple(part for part in parts if part is not None))
        listing = resource.listing
        return msgspec.structs.replace(
            listing, fields={**listing.fields, **found.fields}
        ), asked if asked.parts else None

    async def count(self, ctx: Ctx, choice: Choice) -> int:
        """How many records there are of a choice."""
        return await count_of(ctx, *self._asked(choice))

    async def portion(self, ctx: Ctx, choice: Choice, behind: int) -> Portion:
        """The next records of a choice, with what is included: one statement for each relationship."""
        resource = self._served[choice.type]
        picked = sheets.pick(self._served, resource, choice.fields, choice.includes, is_dry=choice.is_dry)
        listing, asked = self._asked(choice)
        tenant = await tenants.get(ctx.db, ctx.tenant_id)
        shape = Shape(base_url(tenant.slug, self._domain), tenant.id, tenant.mode, ctx.secrets.vault)
        for size in _AT_ONCE:
            found = await rows_behind(ctx, listing, asked, behind, size)
            loaded = Loaded(ctx, Everything(), self._served)
            try:
                await loaded.load(resource, found, picked.tree)
            except BadAsk:
                if size == _AT_ONCE[-1]:
                    raise
                continue
            sheet = sheets.Sheet(picked, loaded, shape, format_=choice.format, is_dry=choice.is_dry)
            lines = (sheet.head() if behind == 0 else b"") + sheet.lines(found)
            return Portion(lines, len(found), found[-1]["id"] if found else behind, len(found) < size)
        raise AssertionError


def _change(draft: Draft, links: Mapping[str, Any], how: str, but: str = "") -> Change:
    """What of a row can be written in one of these ways, and not in those."""

    def fits(write: str) -> bool:
        return not set(how).isdisjoint(write) and set(but).isdisjoint(write)

    resource = draft.resource
    given = {one.name: draft.values[one.name]
             for one in (*resource.attributes, *resource.triggers)
             if one.name in draft.values and fits(one.write)}  # fmt: skip
    return Change(
        attributes={name: value for name, value in given.items() if not name.startswith("_")},
        relationships={one.name: links[one.name]
                       for one in resource.relationships if one.name in links and fits(one.write)},
        triggers={name: value for name, value in given.items() if name.startswith("_")},
        prepared=draft.prepared,
    )  # fmt: skip
