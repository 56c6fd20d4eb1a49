"""A row of a face's operations table, and what a handler gets and gives.

From the table come routing, parsing, the scope check, the OpenAPI document and the contract test. A handler is
`async def handler(ctx, call)`; it calls queries and actions of the core and answers with a body or an `Answer`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, PatronError
from patron.kernel.values import parse_id
from patron.settings import Settings

Handler = Callable[[Ctx, "Call"], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Param:
    """A query parameter. Names are matched without regard to case. `read` makes of a string what handlers get."""

    name: str
    kind: Literal["string", "number", "boolean"] = "string"
    description: str = ""
    read: Callable[[str], Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a dialect.

    `scope` is what the application must hold (None: a valid token will do). `shopper` says what a shopper's token may
    do: `own` account only, `open` to all, or `no`; `waiting` is open, also to who waits for a second factor. `before`
    runs outside the transaction (hashing a password, asking a service); its result is `call.prepared`. `changes` opens
    a transaction.
    `replays`: whether a POST takes an Idempotency-Key, and how its stored answer is kept. `versioned`: a single
    resource, whose answers carry an ETag; its PUT and DELETE take If-Match. `in_person`: about how a shopper signs in,
    so not for who acts for one. `throttled`: it may be refused for a while.
    """

    group: str
    id: str
    method: str
    path: str
    handler: Handler
    scope: str | None = None
    shopper: Literal["own", "open", "waiting", "no"] = "no"
    body: Any = None
    answer: Any = None
    status: int = 200
    query: tuple[Param, ...] = ()
    changes: bool = False
    before: Handler | None = None
    replays: Literal["no", "yes", "secret"] = "no"
    versioned: bool = False
    in_person: bool = False
    throttled: bool = False
    authenticated: bool = True
    summary: str = ""

    @property
    def key(self) -> str:
        """The name by which lists of operations refer to it; operation ids repeat between groups."""
        return f"{self.group}.{self.id}"


class Call(msgspec.Struct):
    """One request, parsed."""

    operation: Operation
    path: dict[str, str]
    query: dict[str, Any]
    body: Any
    headers: Mapping[str, str]
    expect: frozenset[int] | None
    host: str
    settings: Settings
    prepared: Any = None

    def id(self, name: str, noun: str) -> int:
        """An id in the path. What cannot be an id is not found, like an id that nobody has."""
        number = parse_id(self.path[name])
        if number is None:
            raise NotFound(noun, self.path[name][:40])
        return number

    @property
    def account_id(self) -> int:
        """The account in the path."""
        return self.id("accountId", "account")

    def need(self, name: str) -> Any:
        """A query parameter that must be there. Raises Invalid naming it."""
        value = self.query.get(name)
        if value is None or value == "":
            raise Invalid.field(name, f"{name} is needed.")
        return value


class Answer(msgspec.Struct, frozen=True):
    """An answer with more than a body: a version (sent as ETag), another status, further headers.

    `is_live`: parts of the body change without the version (how far a job is), so that it is always sent.
    `refusal` answers with an error although the transaction is committed: for outcomes that must stay, such as a
    refresh token that was used twice.
    """

    body: Any = None
    refusal: PatronError | None = None
    version: int | None = None
    is_live: bool = False
    status: int | None = None
    headers: dict[str, str] = {}


ENCODER = msgspec.json.Encoder(decimal_format="number")
