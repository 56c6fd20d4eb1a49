"""How our errors look in this dialect (Commerce Layer behaviour 4.2)."""

from typing import Any

import msgspec

from patron.kernel.errors import (
    BadAsk,
    BadCredentials,
    Forbidden,
    Invalid,
    KeyReused,
    Locked,
    NotFound,
    PatronError,
    Problem,
    Refused,
    Stale,
    Taken,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from patron.web.bodies import Unreadable


class Source(msgspec.Struct, omit_defaults=True):
    """Where in the request the fault is: a JSON pointer, or the name of a parameter or header."""

    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class ErrorObject(msgspec.Struct, omit_defaults=True):
    """One fault. `status` is text on the API, and a number at the token endpoint."""

    title: str
    detail: str
    code: str
    status: str | int
    source: Source | None = None
    meta: dict[str, Any] | None = None


class ErrorBody(msgspec.Struct):
    """The body of every failure."""

    errors: list[ErrorObject]


class Failure(msgspec.Struct):
    """Status, body and headers of a failed request."""

    status: int
    body: ErrorBody
    headers: dict[str, str] = {}


class Refusal(PatronError):
    """A refusal of the dialect itself, by its code (the catalogue is `STATUSES`)."""

    def __init__(self, code: str, title: str, detail: str, **source: str) -> None:
        super().__init__(detail)
        self.code = code
        self.title = title
        self.source = Source(**source) if source else None


# Codes that the face gives itself, with their status.
STATUSES: dict[str, int] = {
    **dict.fromkeys(
        (
            "BAD_REQUEST", "FILTER_NOT_ALLOWED", "INVALID_DATA_FORMAT", "INVALID_FIELD", "INVALID_FIELD_FORMAT",
            "INVALID_FIELD_VALUE", "INVALID_FILTERS_SYNTAX", "INVALID_FILTER_VALUE", "INVALID_INCLUDE",
            "INVALID_PAGE_OBJECT", "INVALID_PAGE_VALUE", "INVALID_RELATIONSHIP", "INVALID_RESOURCE",
            "INVALID_SORT_CRITERIA", "KEY_NOT_INCLUDED_IN_URL", "PARAM_MISSING", "PARAM_NOT_ALLOWED", "TYPE_MISMATCH",
        ),
        400,
    ),
    "INVALID_TOKEN": 401,
    "UNAUTHORIZED": 401,
    "RECORD_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "CONFLICT": 409,
    "PRECONDITION_FAILED": 412,
    "REQUEST_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "VALIDATION_ERROR": 422,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "LOCKED": 423,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}  # fmt: skip

_PLAIN: dict[type[PatronError], tuple[str, str]] = {
    BadCredentials: ("INVALID_TOKEN", "Invalid token"),
    Unauthenticated: ("INVALID_TOKEN", "Invalid token"),
    Forbidden: ("UNAUTHORIZED", "Access denied"),
    NotFound: ("RECORD_NOT_FOUND", "Record not found"),
    Refused: ("LOCKED", "Locked resource"),
    Locked: ("CONFLICT", "Conflict"),
    Stale: ("PRECONDITION_FAILED", "Precondition failed"),
    KeyReused: ("IDEMPOTENCY_KEY_REUSED", "Idempotency key reused"),
    TooMany: ("RATE_LIMIT_EXCEEDED", "Too many requests"),
    Unavailable: ("SERVICE_UNAVAILABLE", "Service unavailable"),
    BadAsk: ("BAD_REQUEST", "Bad request"),
    Unreadable: ("INVALID_DATA_FORMAT", "Invalid data format"),
}
_DETAILS = {
    Unauthenticated: "The access token you provided is invalid.",
    Forbidden: "You are not authorized to perform this action on the requested resource.",
    NotFound: "The requested resource was not found.",
}
# What the core refuses of a question: code, title and parameter.
_ASKED = {
    "cursor": ("INVALID_PAGE_VALUE", "Invalid page value", "page[after]"),
    "include": ("INVALID_INCLUDE", "Invalid include", "include"),
    "sort": ("INVALID_SORT_CRITERIA", "Invalid sort criteria", "sort"),
}
# What our problems are called in this dialect: the rule's key and its message.
_RULES = {"missing": ("blank", "can't be blank"), "taken": ("taken", "has already been taken")}


def failure(error: PatronError, names: dict[str, str], relationships: frozenset[str] = frozenset()) -> Failure:
    """The answer for an error. `names` are the wire's names of domain fields, where they differ."""
    if isinstance(error, Refusal):
        return _one(error.code, error.title, error.message, error.source)
    if isinstance(error, BadAsk) and error.parameter in _ASKED:
        code, title, parameter = _ASKED[error.parameter]
        return _one(code, title, error.message, Source(parameter=parameter))
    if isinstance(error, Invalid):
        return _validation(list(error.problems), names, relationships)
    if isinstance(error, Taken):
        return _validation([Problem(error.field, "has already been taken", "taken")], names, relationships)
    kind = next(kind for kind in type(error).__mro__ if kind in _PLAIN)
    code, title = _PLAIN[kind]
    found = _one(code, title, _DETAILS.get(kind, error.message), None)
    if isinstance(error, TooMany | Unavailable):
        found.headers = {"retry-after": str(error.retry_after)}
    return found


def plain(code: str, title: str, detail: str, **headers: str) -> Failure:
    """A failure of the face itself."""
    found = _one(code, title, detail, None)
    found.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return found


def escaped(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _one(code: str, title: str, detail: str, source: Source | None) -> Failure:
    status = STATUSES[code]
    return Failure(status, ErrorBody([ErrorObject(title, detail, code, str(status), source)]))


def _validation(problems: list[Problem], names: dict[str, str], relationships: frozenset[str]) -> Failure:
    errors = []
    for problem in problems:
        name = names.get(problem.field, problem.field)
        rule, message = _RULES.get(problem.code, (problem.code, problem.message))
        where = (
            f"/data/{'relationships' if name in relationships else 'attributes'}/{escaped(name)}" if name else "/data"
        )
        errors.append(
            ErrorObject(
                message, f"{name} - {message}", "VALIDATION_ERROR", "422", Source(pointer=where), {"error": rule}
            )
        )
    return Failure(422, ErrorBody(errors))
