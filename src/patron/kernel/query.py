"""A question about a list, as plain data: a filter tree, a sort order and a window.

Every dialect's filter syntax, segment rules and the admin's filter bar become this tree. Operators say what is meant,
not how a dialect spells it; `kernel/sql.py` compiles the tree.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")

Op = Literal["eq", "ne", "gt", "ge", "lt", "le", "has", "starts", "ends", "like", "same", "holds", "within"]
Unit = Literal["minutes", "hours", "days", "weeks"]
AGO_MAX = 100_000


class Ago(msgspec.Struct, frozen=True, tag="ago"):
    """A moment that moves along with now: 30 days ago; with a count below zero, as long ahead."""

    count: int
    unit: Unit = "days"

    def before(self, now: datetime) -> datetime:
        """The moment that is meant."""
        return now - timedelta(**{self.unit: self.count})


Value = str | int | Decimal | bool | datetime | Ago | dict[str, Any] | None


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """One comparison. `ne` also holds where the field is missing; every other operator never does.

    `within` and `same` take a tuple for one of several. Text is compared without regard to case, but for `same`. `like`
    takes a pattern with % and _; `holds` is containment of JSON.
    """

    field: str
    op: Op
    value: Value | tuple[Value, ...]


class Every(msgspec.Struct, frozen=True, tag="every"):
    """All parts hold."""

    parts: tuple["Filter", ...]


class Some(msgspec.Struct, frozen=True, tag="some"):
    """At least one part holds."""

    parts: tuple["Filter", ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """The part does not hold."""

    part: "Filter"


Filter = Compare | Every | Some | Not

NODES_MAX = 100
DEPTH_MAX = 5
WITHIN_MAX = 200


# `none` is of what is not kept: it is null, whatever is asked.
Kind = Literal["text", "integer", "number", "bool", "time", "uuid", "json", "none"]


class Key(msgspec.Struct, frozen=True):
    """A stored, indexed normal form of a text field, and how a value gets that form.

    `exact`: equality of keys is what equality of the field means (e-mail addresses). Otherwise it only narrows.
    """

    sql: str
    make: Callable[[str], str]
    exact: bool = False


class Field(msgspec.Struct, frozen=True):
    """What may be asked about: an SQL expression, its kind, and how to find and order by it fast.

    `sort` is an expression that is never null (null counts as empty). `inside` is a template around the condition
    for values in child rows: any matching row will do; `missing` is the condition that there is none, where that counts
    as null. `equal` and `has` find rows by index.
    """

    sql: str
    kind: Kind = "text"
    sort: str | None = None
    inside: str | None = None
    missing: str | None = None
    equal: Key | None = None
    has: Key | None = None


Fields = Mapping[str, Field]


class Sort(msgspec.Struct, frozen=True):
    """Order by one field."""

    field: str
    descending: bool = False


class Ask(msgspec.Struct, frozen=True):
    """What a caller wants of a list. With a cursor, `start` does not count.

    `marks`: the page shall say where the next one begins.
    """

    filter: Filter | None = None
    sort: tuple[Sort, ...] = ()
    start: int = 0
    size: int = 20
    cursor: str | None = None
    marks: bool = True


class Page(msgspec.Struct, Generic[T]):
    """A piece of a list: its items, how many there are in all, and where the next piece begins."""

    items: list[T]
    total: int
    next_cursor: str | None = None
