"""What a resource is: a declaration from which routes, parsing, documents, filters, includes and permissions follow.

The rows of a resource come from a `Listing` of its slice, whose columns have names; attributes and relationships say
which. A relationship is a pair of fields of two listings that must be equal, so that one statement loads it for a
whole page, and a filter can reach across it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.query import Filter
from patron.kernel.sql import Listing

Kind = Literal["string", "integer", "float", "boolean", "object", "array", "date-time"]
Show = Callable[[Any], Any]


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """A name in `attributes`. `column` is the row's (else it is write-only), `field` the listing's for filters.

    `write` says when a caller may send it: on create (c), on update (u), in rows of imports only (i). `show` makes the
    wire's value of the row's, `of_row` of the whole row. `of_caller` makes it of who asks, and is shown where
    `fields` names it only.
    `is_rows`: a long list, or text for it, that its own handler checks row by row.
    `is_path`: the row has a path on the organization's host, and the wire the whole address; `is_host`: it is the host.
    `private`: when sales channels may not send it, in the same letters; `demanded`: when they must. `sealed_for`: the
    purpose under which the column is encrypted. `instead`: of this and that name one is required; the core says which
    is missing. `names` is a type: the value is the id of such a resource.
    """

    name: str
    kind: Kind = "string"
    column: str | None = None
    field: str | None = None
    sorts: bool = False
    write: str = ""
    required: bool = False
    instead: str = ""
    show: Show | None = None
    of_row: Show | None = None
    of_caller: Show | None = None
    enum: tuple[str, ...] = ()
    private: str = ""
    sealed_for: str | None = None
    is_path: bool = False
    is_host: bool = False
    is_rows: bool = False
    names: str = ""
    demanded: str = ""


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    """A name in `relationships`. `targets` are types, and those that we do not serve give nothing.

    To one: the row's column `own` is the target's id; with `types`, its column `kind` says of which type. To many: the
    target's field `key` is this row's id, in the target's own listing or in `listing`. `of_caller` makes the
    targets' ids of who asks: such a one is shown to who names it only. `filters`: whether filters reach across it.
    """

    name: str
    targets: tuple[str, ...]
    to_many: bool = False
    own: str | None = None
    kind: str | None = None
    types: Mapping[str, str] = {}
    key: str | None = None
    listing: Listing | None = None
    of_caller: Show | None = None
    filters: bool = False
    write: str = ""
    required: bool = False
    instead: str = ""
    is_private: bool = False
    is_virtual: bool = False
    includes: bool = True

    def target_of(self, row: Row) -> str:
        """The type of what a row leads to; empty for one that we have no name for."""
        return self.targets[0] if self.kind is None else self.types.get(row[self.kind], "")


class Change(msgspec.Struct, kw_only=True):
    """What a caller wants to write: attributes, ids of relationships (None unsets), triggers, all by wire name.

    `prepared` is what was done before the transaction. `market_ids` are the markets of the token's scope; None is all.
    """

    attributes: dict[str, Any]
    relationships: dict[str, Any]
    triggers: dict[str, Any]
    expect: frozenset[int] | None = None
    prepared: Any = None
    market_ids: tuple[int, ...] | None = None


Create = Callable[[Ctx, Change], Awaitable[int]]
Update = Callable[[Ctx, int, Change], Awaitable[None]]
Delete = Callable[[Ctx, int, frozenset[int] | None], Awaitable[None]]
Prepare = Callable[[Ctx, Change], Awaitable[Any]]


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A type of the dialect.

    `guest` and `customer` say what sales channels may: create, show, list, update, delete (as letters C, S, L, U, D);
    integrations and web apps may whatever the type can. `owner` is the listing's field that must be the customer of
    the token, for what customers may beyond guests; `guest_reach` are the rows that guests reach, by letter, where
    that is not every row. `market` is the listing's field that must be a market of the token: for sales channels, and
    for links that anybody sets. `singleton`: there is one, which the token names. `reveal` gives attributes that only
    the answer of create shows. `error_names` are the wire's names of domain fields. `prepare` runs before the
    transaction. `scopes` are names that only filters know. `total` is SQL that knows the number of rows without
    counting.
    `lists`: whether all of them can be listed; where not, what leads to several is read by cursor and not counted.
    `tells_missing`: the core itself says what is missing, together with whatever else is wrong.
    """

    type: str
    listing: Listing
    attributes: tuple[Attribute, ...]
    relationships: tuple[Relationship, ...] = ()
    triggers: tuple[Attribute, ...] = ()
    scopes: tuple[Attribute, ...] = ()
    create: Create | None = None
    update: Update | None = None
    delete: Delete | None = None
    prepare: Prepare | None = None
    guest: str = ""
    customer: str = ""
    owner: str | None = None
    guest_reach: Mapping[str, Filter] = {}
    market: str | None = None
    tells_missing: bool = False
    error_names: Mapping[str, str] = {}
    total: str | None = None
    singleton: Literal["organization", "application"] | None = None
    reveal: Callable[[Change], dict[str, Any]] | None = None
    lists: bool = True

    @property
    def path(self) -> str:
        """Below /api."""
        return self.type[:-1] if self.singleton else self.type

    @property
    def takes_rows(self) -> bool:
        """Whether bodies may be long."""
        return any(one.is_rows for one in self.attributes)

    @property
    def letters(self) -> str:
        """What can be done with it at all."""
        made = (("C", self.create), ("U", self.update), ("D", self.delete))
        return "S" + ("L" if self.lists and not self.singleton else "") + "".join(x for x, can in made if can)

    def attribute(self, name: str) -> Attribute | None:
        """An attribute or trigger by its wire name."""
        return next((one for one in (*self.attributes, *self.triggers) if one.name == name), None)

    def relationship(self, name: str) -> Relationship | None:
        """A relationship by its wire name."""
        return next((one for one in self.relationships if one.name == name), None)


def text(name: str, column: str | None = None, *, write: str = "cu", **more: Any) -> Attribute:
    """A text that callers write, find and sort by."""
    return Attribute(name=name, column=column or name, field=column or name, sorts=True, write=write, **more)


def common(*, reference: str = "reference") -> tuple[Attribute, ...]:
    """The attributes that every resource has; `reference` is the column of that name."""
    return (
        Attribute(name="created_at", kind="date-time", column="created_at", field="created_at", sorts=True),
        Attribute(name="updated_at", kind="date-time", column="updated_at", field="updated_at", sorts=True),
        text("reference", reference),
        text("reference_origin"),
        Attribute(name="metadata", kind="object", column="metadata", field="metadata", write="cu"),
    )


def elsewhere(name: str, *targets: str, to_many: bool = True, **more: Any) -> Relationship:
    """A relationship whose targets are no resources of ours: always empty."""
    return Relationship(name=name, targets=targets or (name,), to_many=to_many, **more)


EVENT_STORES = Relationship(
    name="event_stores", targets=("event_stores",), to_many=True, is_virtual=True, includes=False
)
