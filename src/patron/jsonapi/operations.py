"""The six generic operations, and the table of routes that they and the declarations make.

List, retrieve, create, update, delete, and the related route of each relationship (with its linkage).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from patron.jsonapi import asking, errors, ids
from patron.jsonapi.asking import Asked
from patron.jsonapi.caller import Caller
from patron.jsonapi.document import Shape
from patron.jsonapi.errors import Refusal
from patron.jsonapi.loading import Loaded
from patron.jsonapi.resources import Change, Relationship, Resource
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid, NotFound
from patron.kernel.query import Compare, Every, Filter
from patron.kernel.sql import page, rows_of


@dataclass(slots=True)
class Request:
    """One request, parsed."""

    ctx: Ctx
    caller: Caller
    route: "Route"
    path: dict[str, str]
    query: bytes
    shape: Shape
    served: Mapping[str, Resource]
    change: Change | None = None
    expect: frozenset[int] | None = None
    known_versions: frozenset[int] | None = None

    @property
    def number(self) -> int:
        """The number behind the id in the path. Raises NotFound."""
        found = ids.read(self.path["id"])
        if found is None:
            raise NotFound(self.route.resource.type, self.path["id"][:40])
        return found


class Document(msgspec.Struct):
    """An answer: its body as plain data, the version of a single row, where a new one is."""

    body: Any = None
    status: int = 200
    version: int | None = None
    location: str | None = None


Handler = Callable[[Request], Awaitable[Document]]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A row of the face's table. `letter` is what the caller must be allowed on the resource."""

    method: str
    path: str
    resource: Resource
    letter: str
    handler: Handler = field(repr=False)
    relationship: Relationship | None = None

    @property
    def key(self) -> str:
        """The name by which figures and lists of operations call it."""
        names = {"L": "list", "S": "retrieve", "C": "create", "U": "update", "D": "delete"}
        ending = f".{self.path.rsplit('/', 1)[-1]}" if self.relationship else ""
        linkage = ".linkage" if "/relationships/" in self.path else ""
        return f"{self.resource.type}.{names[self.letter]}{ending}{linkage}"

    @property
    def changes(self) -> bool:
        """Whether it runs in a transaction."""
        return self.letter in "CUD"


async def list_of(request: Request) -> Document:
    """A page of a type."""
    resource = request.route.resource
    asked = asking.read(request.query, resource, request.served, is_list=True)
    return await page_of(request, resource, asked, request.caller.reach(resource, "L"), resource.path)


async def page_of(
    request: Request, resource: Resource, asked: Asked, reach: tuple[Filter, ...], path: str, *args: object, **how: Any
) -> Document:
    """A page of a listing; `how` is for `kernel.sql.page`, and `listing` another one than the resource's."""
    ask = asked.ask
    if reach:
        ask = msgspec.structs.replace(ask, filter=Every((*reach, *((ask.filter,) if ask.filter else ()))))
    listing = how.pop("listing", resource.listing)
    listing = msgspec.structs.replace(listing, fields={**listing.fields, **asked.found})
    how.setdefault("total", resource.total if ask.filter is None and not how else None)
    # Rows sought through a relationship may lie anywhere in the order: who walks along that may pass all there are.
    how.setdefault("few", how["total"] is None and any(field.inside for field in asked.found.values()))
    found = await page(request.ctx, listing, ask, *args, **how)
    loaded = Loaded(request.ctx, request.caller, request.served)
    await loaded.load(resource, found.items, asked.include)
    data, included = loaded.document(request.shape, resource, found.items, asked.fields, asked.include)
    body = {"data": data, **request.shape.frame(path, asked, found.total, found.next_cursor)}
    if included is not None:
        body["included"] = included
    return Document(body)


async def retrieve(request: Request) -> Document:
    """One of a type."""
    resource = request.route.resource
    asked = asking.read(request.query, resource, request.served, is_list=False)
    number = _number(request)
    row = await _row(request, resource, number, request.caller.reach(resource, "S"))
    return await _single(request, resource, row, asked)


def _number(request: Request) -> int:
    """The row that a request is about: that of the path, or the one that the token names. Raises NotFound."""
    singleton = request.route.resource.singleton
    if singleton is None:
        return request.number
    own = request.ctx.tenant_id if singleton == "organization" else request.caller.program.id
    if "id" in request.path and request.number != own:
        raise NotFound(request.route.resource.type, request.path["id"][:40])
    return own


async def _row(request: Request, resource: Resource, number: int, reach: tuple[Filter, ...] = ()) -> Row:
    rows = await rows_of(request.ctx, resource.listing, "id", [number], reach)
    if not rows:
        raise NotFound(resource.type, ids.shown(number))
    return rows[0]


async def _single(request: Request, resource: Resource, row: Row, asked: Asked, status: int = 200) -> Document:
    loaded = Loaded(request.ctx, request.caller, request.served)
    await loaded.load(resource, [row], asked.include)
    data, included = loaded.document(request.shape, resource, [row], asked.fields, asked.include)
    body = {"data": data[0]} if included is None else {"data": data[0], "included": included}
    version = row["version"] if "version" in row.keys() and not asked.include else None  # noqa: SIM118 - a record's `in` looks at values
    return Document(body, status, version, request.shape.url(resource, row["id"]))


async def create(request: Request) -> Document:
    """A new one."""
    resource = request.route.resource
    asked = asking.read(request.query, resource, request.served, is_list=False)
    assert request.change is not None
    assert resource.create is not None
    await _check_links(request, request.change)
    number = await resource.create(request.ctx, request.change)
    document = await _single(request, resource, await _row(request, resource, number), asked, 201)
    if resource.reveal is not None:
        shown = document.body["data"]["attributes"]
        shown |= {name: value for name, value in resource.reveal(request.change).items() if name in shown}
    return document


async def _check_links(request: Request, change: Change) -> None:
    """A change links to what we keep, and that of a sales channel to what it may see: nobody puts a list or a card on a
    stranger, themselves into a group, or copies an address by its id alone. Markets are those of the token. Whether
    the rest is there, the slices look. Raises Invalid.
    """
    for name, value in change.relationships.items():
        one = request.route.resource.relationship(name)
        assert one is not None
        for linked in value if isinstance(value, list) else [] if value is None else [value]:
            await _check_link(request, name, *(linked if isinstance(linked, tuple) else (one.targets[0], linked)))
    for name, value in change.triggers.items():
        trigger = request.route.resource.attribute(name)
        if trigger is not None and trigger.names and value is not None:
            await _check_link(request, name, trigger.names, value)


async def _check_link(request: Request, name: str, type_: str, number: int) -> None:
    target = request.served.get(type_)
    seen = None if target is None else request.caller.may_include(target)
    is_there = target is not None and seen is not None
    if target is not None and seen is not None and (request.caller.is_public or target.market is not None):
        seen = (*seen, *request.caller.within(target))
        is_there = bool(await rows_of(request.ctx, target.listing, "id", [number], seen))
    if not is_there:
        raise Invalid.field(name, "must exist", "required")


async def update(request: Request) -> Document:
    """Change what is given of one."""
    resource = request.route.resource
    asked = asking.read(request.query, resource, request.served, is_list=False)
    assert request.change is not None
    assert resource.update is not None
    await _row(request, resource, request.number, request.caller.reach(resource, "U"))
    await _check_links(request, request.change)
    await resource.update(request.ctx, request.number, request.change)
    return await _single(request, resource, await _row(request, resource, request.number), asked)


async def delete(request: Request) -> Document:
    """Remove one."""
    resource = request.route.resource
    assert resource.delete is not None
    await _row(request, resource, request.number, request.caller.reach(resource, "D"))
    await resource.delete(request.ctx, request.number, request.expect)
    return Document(status=204)


async def related(request: Request) -> Document:
    """What a relationship leads to, as a list or as one resource (or null)."""
    resource, one = request.route.resource, request.route.relationship
    assert one is not None
    row = await owner_of(request)
    target = request.served.get(one.targets[0] if one.own is None else one.target_of(row))
    if target is None or (one.own is None and one.key is None and one.of_caller is None):
        asked = asking.read(request.query, target or resource, request.served, is_list=one.to_many)
        path = _below(request)
        return Document({"data": [], **request.shape.frame(path, asked, 0, None)} if one.to_many else {"data": None})
    reach = request.caller.may_include(target)
    if reach is None:
        request.caller.check(target, "S")
    if one.to_many:
        return await _many(request, one, target, row, reach or ())
    asked = asking.read(request.query, target, request.served, is_list=False)
    number = row[one.own] if one.own else next(iter(one.of_caller(request.caller)), None) if one.of_caller else None
    rows = await rows_of(request.ctx, target.listing, "id", [number], reach or ()) if number is not None else []
    return await _single(request, target, rows[0], asked) if rows else Document({"data": None})


async def _many(request: Request, one: Relationship, target: Resource, row: Row, reach: tuple[Filter, ...]) -> Document:
    listing = one.listing or target.listing
    seen = msgspec.structs.replace(target, listing=listing)
    asked = asking.read(request.query, seen, request.served, is_list=True)
    if one.of_caller is not None:
        named = Compare("id", "same", tuple(one.of_caller(request.caller)))
        return await page_of(request, target, asked, (*reach, named), _below(request))
    assert one.key is not None
    owner = f"{listing.fields[one.key].sql} = $2"
    return await page_of(request, target, asked, reach, _below(request), row["id"], listing=listing, extra=owner)


async def linkage(request: Request) -> Document:
    """The types and ids that a relationship leads to."""
    resource, one = request.route.resource, request.route.relationship
    assert one is not None
    row = await owner_of(request)
    asking.read(request.query, resource, request.served, is_list=False)
    loaded = Loaded(request.ctx, request.caller, request.served)
    await loaded.load(resource, [row], {one.name: {}})
    shown = request.shape.links(resource, one, ids.shown(row["id"]))
    return Document({"data": loaded.linkage(resource, row, one), **shown})


async def owner_of(request: Request) -> Row:
    """The row whose relationship is asked for. Raises NotFound, Forbidden."""
    resource = request.route.resource
    number = _number(request)
    return await _row(request, resource, number, request.caller.reach(resource, "S"))


def _below(request: Request) -> str:
    one = request.route.relationship
    assert one is not None
    return f"{request.route.resource.path}/{request.path['id']}/{one.name}"


def routes(served: Mapping[str, Resource], handlers: Mapping[str, Handler]) -> tuple[Route, ...]:
    """All routes of the face. `handlers` are those of relationships, by name, for which the generic one will not do."""
    made: list[Route] = []
    for resource in served.values():
        base = f"/{resource.path}"
        one = base if resource.singleton else f"{base}/{{id}}"
        every = {
            "L": ("GET", base, list_of),
            "S": ("GET", one, retrieve),
            "C": ("POST", base, create),
            "U": ("PATCH", one, update),
            "D": ("DELETE", one, delete),
        }
        made += [Route(*every[letter][:2], resource, letter, every[letter][2]) for letter in resource.letters]
        for link in resource.relationships:  # clients name a singleton by its id here
            made.append(
                Route("GET", f"{base}/{{id}}/{link.name}", resource, "S", handlers.get(link.name, related), link)
            )
            made.append(Route("GET", f"{base}/{{id}}/relationships/{link.name}", resource, "S", linkage, link))
    return tuple(made)


def refuse(name: str, kind: str) -> Refusal:
    """The refusal of a name in a body that is none of ours."""
    return Refusal("PARAM_NOT_ALLOWED", "Param not allowed", f"{name[:100]} is not allowed.",
                   pointer=f"/data/{kind}/{errors.escaped(name[:100])}")  # fmt: skip
